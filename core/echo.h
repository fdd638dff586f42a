/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_ECHO_H
#define SYNSENT_CORE_ECHO_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Whether a client in SYN_SENT refuses a SYN-ACK for the timestamp that it echoes, and answers it with an RST
 * (net/ipv4/tcp_input.c tcp_rcv_synsent_state_process(), PAWSACTIVEREJECTED): it is before that of its first SYN, or
 * later than its clock.  first, last: TSval of its SYNs; since_ns: since the last one was sent.  How quickly its clock
 * runs is not known, so what the quickest one (RFC 7323 section 5.4: 1 MHz) could have come to is not too late.
 */
bool echo_is_refused(uint32_t first, uint32_t last, int64_t since_ns, uint32_t tsecr);

#endif
