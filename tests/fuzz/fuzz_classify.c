/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file of corpus/classify is as one of corpus/frame.  The quick looks at a packet agree with the decoder. */
#include "fuzz.h"

#include "frame_case.h"
#include "sight_rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct paths *paths;
	struct frame_case c = { 0 };
	const char *wrong;

	if (!paths)
		paths = paths_new(1);
	if (!frame_case_read(bytes_of(data, size), &c))
		return 0;
	wrong = sight_wrong(c.linktype, c.frame, (uint32_t)c.frame.len + c.cut, paths);
	if (wrong)
		fprintf(stderr, "does not hold: %s\n", wrong);
	MUST(!wrong);
	return 0;
}
