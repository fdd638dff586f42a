/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include "record_rules.h"

/* An input is records as the ring has them: whether the second part is there, then the bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct attempt *used = calloc(1, sizeof(*used));
	struct watch_record r;

	MUST(used);
	while (size) {
		bool whole = data[0] & 1;
		size_t len = whole ? sizeof(r) : sizeof(r.attempt);

		data++;
		size--;
		if (len > size)
			len = size;
		memset(&r, 0, sizeof(r));
		memcpy(&r, data, len);
		record_check(&r, whole, used);
		data += len;
		size -= len;
	}
	free(used);
	return 0;
}
