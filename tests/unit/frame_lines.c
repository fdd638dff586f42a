/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tcpdump_lines.py: `frame_lines FILE...` prints, for each file of tests/fuzz/corpus/frame, the decoding's result
 * and the line. */
#include <stdio.h>

#include "packet/tcpdump.h"
#include "tests/fuzz/frame_case.h"
#include "util/buf.h"

static const char *const results[] = {
	[DECODE_OK] = "ok",
	[DECODE_TRUNCATED] = "truncated",
	[DECODE_NOT_OURS] = "not-ours",
	[DECODE_MALFORMED] = "malformed",
};

int main(int argc, char **argv)
{
	struct tcpdump_opts o = { .utc = true };
	struct tcpdump *t = tcpdump_new(&o);
	static uint8_t data[1 << 17];
	struct buf line = { 0 };
	struct frame_case c = { 0 };
	struct packet p;
	FILE *f;
	int i;

	for (i = 1; t && i < argc; i++) {
		f = fopen(argv[i], "rb");
		if (!f)
			return 1;
		if (frame_case_read(bytes_of(data, fread(data, 1, sizeof(data), f)), &c)) {
			enum decode_result r = frame_case_decode(&c, &p);

			buf_reset(&line);
			tcpdump_line(t, i * 1000000000LL, &p, &line);
			printf("%s\t%s\n", results[r], buf_text(&line));
		}
		fclose(f);
	}
	buf_fini(&line);
	tcpdump_free(t);
	return t ? 0 : 1;
}
