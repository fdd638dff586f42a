/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation.  Such a program jumps forwards only, so that one pass over its instructions is enough: each has
 * the state in which it can be come to, where several ways lead there what these have in common, and hands it on to the
 * instructions that follow.  What is not come to is left out.  Some way to a return that is not 0 must then be one to a
 * packet, or may be; if there is none, no packet passes.
 */
#include "sources/filter_reach.h"

#include <pcap/pcap.h>
#include <stdlib.h>

struct value {
	bool known;
	uint32_t v;
};

/* The registers A and X, and the memory, before an instruction. */
struct state {
	bool reached;
	struct value a, x, m[BPF_MEMWORDS];
};

struct run {
	struct bytes packet;
	size_t unknown_from, unknown_end;
	struct state *states; /* one for each instruction */
	unsigned int n;
};

static const struct value not_known = { .known = false };

static struct value known(uint32_t v)
{
	return (struct value){ .known = true, .v = v };
}

static struct value common(struct value a, struct value b)
{
	return a.known && b.known && a.v == b.v ? a : not_known;
}

static void come_to(struct run *r, unsigned int at, const struct state *s)
{
	struct state *to;
	int i;

	if (at >= r->n)
		return;
	to = &r->states[at];
	if (!to->reached) {
		*to = *s;
		to->reached = true;
		return;
	}
	to->a = common(to->a, s->a);
	to->x = common(to->x, s->x);
	for (i = 0; i < BPF_MEMWORDS; i++)
		to->m[i] = common(to->m[i], s->m[i]);
}

/* False: it is beyond the packet, which is rejected then. */
static bool load(const struct run *r, struct value at, uint32_t k, size_t size, struct value *ret)
{
	size_t from = (size_t)at.v + k, i;
	uint32_t v = 0;

	*ret = not_known;
	if (!at.known || from >= 0x80000000) /* there it is no byte of the packet (SKF_AD_OFF) */
		return true;
	if (from + size > r->packet.len)
		return false;
	if (from < r->unknown_end && from + size > r->unknown_from)
		return true;
	for (i = 0; i < size; i++)
		v = v << 8 | r->packet.p[from + i];
	*ret = known(v);
	return true;
}

static size_t size_of(const struct bpf_insn *in)
{
	return BPF_SIZE(in->code) == BPF_W ? 4 : BPF_SIZE(in->code) == BPF_H ? 2 : 1;
}

/* BPF_LD and BPF_LDX. */
static bool load_any(const struct run *r, const struct bpf_insn *in, const struct state *s, struct value *ret)
{
	switch (BPF_MODE(in->code)) {
	case BPF_IMM:
		*ret = known(in->k);
		return true;
	case BPF_LEN:
		*ret = known((uint32_t)r->packet.len);
		return true;
	case BPF_MEM:
		*ret = in->k < BPF_MEMWORDS ? s->m[in->k] : not_known;
		return true;
	case BPF_ABS:
		return load(r, known(0), in->k, size_of(in), ret);
	case BPF_IND:
		return load(r, s->x, in->k, size_of(in), ret);
	case BPF_MSH: /* the length of an IP header */
		if (!load(r, known(0), in->k, 1, ret))
			return false;
		ret->v = (ret->v & 15) << 2;
		return true;
	default:
		*ret = not_known;
		return true;
	}
}

/* False: it divides by 0, which rejects the packet. */
static bool compute(const struct bpf_insn *in, const struct state *s, struct value *ret)
{
	bool a_known = s->a.known; /* *ret may be A itself */
	struct value b = BPF_SRC(in->code) == BPF_X ? s->x : known(in->k);
	uint32_t a = s->a.v;
	bool divides = BPF_OP(in->code) == BPF_DIV || BPF_OP(in->code) == BPF_MOD;

	*ret = not_known;
	if (BPF_OP(in->code) == BPF_NEG)
		b = known(0);
	else if (divides && b.known && !b.v)
		return false;
	if (BPF_OP(in->code) == BPF_AND && b.known && !b.v) {
		*ret = known(0);
		return true;
	}
	if (!a_known || !b.known)
		return true;
	switch (BPF_OP(in->code)) {
	case BPF_ADD:
		*ret = known(a + b.v);
		break;
	case BPF_SUB:
		*ret = known(a - b.v);
		break;
	case BPF_MUL:
		*ret = known(a * b.v);
		break;
	case BPF_DIV:
		*ret = known(a / b.v);
		break;
	case BPF_MOD:
		*ret = known(a % b.v);
		break;
	case BPF_AND:
		*ret = known(a & b.v);
		break;
	case BPF_OR:
		*ret = known(a | b.v);
		break;
	case BPF_XOR:
		*ret = known(a ^ b.v);
		break;
	case BPF_LSH:
		*ret = b.v < 32 ? known(a << b.v) : not_known;
		break;
	case BPF_RSH:
		*ret = b.v < 32 ? known(a >> b.v) : not_known;
		break;
	case BPF_NEG:
		*ret = known(-a);
		break;
	}
	return true;
}

static void jump(struct run *r, unsigned int at, const struct bpf_insn *in, const struct state *s)
{
	struct value b = BPF_SRC(in->code) == BPF_X ? s->x : known(in->k);
	bool can_tell = s->a.known && b.known, holds = false;

	if (BPF_OP(in->code) == BPF_JA) {
		if (in->k < r->n)
			come_to(r, at + 1 + in->k, s);
		return;
	}
	switch (BPF_OP(in->code)) {
	case BPF_JEQ:
		holds = s->a.v == b.v;
		break;
	case BPF_JGT:
		holds = s->a.v > b.v;
		break;
	case BPF_JGE:
		holds = s->a.v >= b.v;
		break;
	case BPF_JSET:
		holds = s->a.v & b.v;
		break;
	default:
		can_tell = false;
	}
	if (!can_tell || holds)
		come_to(r, at + 1 + in->jt, s);
	if (!can_tell || !holds)
		come_to(r, at + 1 + in->jf, s);
}

/* What is no return: hands the state on. */
static void step(struct run *r, unsigned int at, const struct bpf_insn *in)
{
	struct state s = r->states[at];

	switch (BPF_CLASS(in->code)) {
	case BPF_LD:
		if (!load_any(r, in, &s, &s.a))
			return;
		break;
	case BPF_LDX:
		if (!load_any(r, in, &s, &s.x))
			return;
		break;
	case BPF_ST:
	case BPF_STX:
		if (in->k < BPF_MEMWORDS)
			s.m[in->k] = BPF_CLASS(in->code) == BPF_ST ? s.a : s.x;
		break;
	case BPF_ALU:
		if (!compute(in, &s, &s.a))
			return;
		break;
	case BPF_JMP:
		jump(r, at, in, &s);
		return;
	case BPF_MISC:
		if (BPF_MISCOP(in->code) == BPF_TAX)
			s.x = s.a;
		else
			s.a = s.x;
		break;
	}
	come_to(r, at + 1, &s);
}

static bool may_accept(const struct bpf_insn *in, const struct state *s)
{
	if (BPF_RVAL(in->code) == BPF_K)
		return in->k;
	return BPF_RVAL(in->code) == BPF_A ? !s->a.known || s->a.v : true;
}

bool filter_reach(const struct bpf_insn *program, unsigned int n, struct bytes packet, size_t unknown_from,
		  size_t unknown_end)
{
	struct run r = { .packet = packet, .unknown_from = unknown_from, .unknown_end = unknown_end, .n = n };
	bool may = false;
	unsigned int i;

	r.states = calloc(n ? n : 1, sizeof(*r.states));
	if (!r.states)
		return true;
	if (n)
		r.states[0].reached = true;
	for (i = 0; i < n && !may; i++) {
		if (!r.states[i].reached)
			continue;
		if (BPF_CLASS(program[i].code) == BPF_RET)
			may = may_accept(&program[i], &r.states[i]);
		else
			step(&r, i, &program[i]);
	}
	free(r.states);
	return may;
}
