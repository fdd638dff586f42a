/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/confine_filter.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__) && !defined(__ILP32__)
#define ARCH AUDIT_ARCH_X86_64
#define X32_BIT 0x40000000U /* arch/x86/include/uapi/asm/unistd.h */
#elif defined(__aarch64__) && defined(__AARCH64EL__) && !defined(__ILP32__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

#ifdef ARCH

#ifndef SYS_rseq
#ifdef __x86_64__
#define SYS_rseq 334
#else
#define SYS_rseq 293
#endif
#endif
#define FIRST_WITHOUT_NEED 424 /* pidfd_send_signal: from here on all architectures number alike (5.1) */
#ifndef F_SETPIPE_SZ
#define F_SETPIPE_SZ 1031
#define F_GETPIPE_SZ 1032
#endif

/* TCGETS2, asm-generic/ioctls.h: _IOR('T', 0x2a, struct termios2), whose header collides with the C library's. */
#define TERMIOS2_GET 0x802c542aU

struct program {
	struct sock_filter *to;
	unsigned short n;
};

/* A 32-bit half of an argument, both architectures being little-endian. */
#define LOW(arg) ((uint32_t)(offsetof(struct seccomp_data, args) + 8 * (arg)))
#define HIGH(arg) (LOW(arg) + 4)
#define WHOLE UINT32_MAX

/* Allowed when, for each check, (half & mask) == value.  Where the kernel takes an int, the low half is all of it. */
struct rule {
	uint32_t nr;
	struct {
		uint32_t half, mask, value; /* mask 0: no more */
	} checks[3];
};

/* What pthread_create() of glibc and musl has in common, and what only one of them, or the later one, sets. */
#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)
#define THREAD_OPTIONAL (CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_DETACHED)

/* clang-format off */
static const uint32_t allowed[] = {
	SYS_read, SYS_pread64, SYS_readv, SYS_write, SYS_writev, SYS_pwrite64, SYS_lseek, SYS_close, SYS_fstat,
	SYS_fadvise64, SYS_ftruncate, SYS_fsync,
	SYS_munmap, SYS_mremap, SYS_madvise, SYS_brk,
	SYS_futex, SYS_set_robust_list, SYS_rseq, SYS_sched_yield, SYS_sched_getaffinity,
	SYS_exit, SYS_exit_group,
	SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack, SYS_restart_syscall,
	SYS_getpid, SYS_gettid, /* abort() */
	SYS_clock_gettime, SYS_gettimeofday, SYS_clock_nanosleep, SYS_nanosleep, /* the vDSO falls back to them */
	SYS_ppoll, SYS_eventfd2,
	SYS_getrandom, /* malloc */
	SYS_sysinfo,   /* qsort(), which does not look whether it failed */
#ifdef SYS_poll
	SYS_poll,
#endif
};

static const struct rule conditional[] = {
	{ SYS_mmap, { { LOW(2), PROT_EXEC, 0 } } },
	{ SYS_mprotect, { { LOW(2), PROT_EXEC, 0 } } },
	{ SYS_newfstatat, { { LOW(3), WHOLE, AT_EMPTY_PATH } } },
	{ SYS_clone, { { LOW(0), ~(uint32_t)THREAD_OPTIONAL, THREAD } } },
	{ SYS_ioctl, { { LOW(1), WHOLE, TIOCGWINSZ } } },
	{ SYS_ioctl, { { LOW(1), WHOLE, TCGETS } } },
	{ SYS_ioctl, { { LOW(1), WHOLE, TERMIOS2_GET } } }, /* isatty() since glibc 2.42 */
	{ SYS_fallocate, { { LOW(1), WHOLE, FALLOC_FL_KEEP_SIZE } } }, /* room for what is written next */
	{ SYS_fcntl, { { LOW(1), WHOLE, F_GETFL } } },
	{ SYS_fcntl, { { LOW(1), WHOLE, F_SETPIPE_SZ } } },
	{ SYS_fcntl, { { LOW(1), WHOLE, F_GETPIPE_SZ } } },
	{ SYS_fcntl, { { LOW(1), WHOLE, F_SETLEASE } } },
	{ SYS_fcntl, { { LOW(1), WHOLE, F_GETLEASE } } },
	{ SYS_prlimit64, { { LOW(0), WHOLE, 0 }, { LOW(2), WHOLE, 0 }, { HIGH(2), WHOLE, 0 } } }, /* own, new limit NULL */
};

static const uint32_t hostile[] = {
	SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, SYS_personality,
	SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_seccomp,
	SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_reboot, SYS_swapon, SYS_swapoff,
	SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_setns, SYS_unshare, SYS_open_by_handle_at,
	SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid, SYS_setgroups, SYS_setfsuid,
	SYS_setfsgid, SYS_capset, SYS_add_key, SYS_request_key, SYS_keyctl,
	SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_sethostname, SYS_setdomainname, SYS_acct, SYS_quotactl,
#ifdef SYS_kexec_file_load
	SYS_kexec_file_load,
#endif
#ifdef SYS_modify_ldt
	SYS_modify_ldt, SYS_iopl, SYS_ioperm,
#endif
#ifdef SYS_io_uring_setup
	SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register,
#endif
};
/* clang-format on */

static void put(struct program *p, unsigned code, uint32_t k, unsigned jt, unsigned jf)
{
	assert(p->n < CONFINE_FILTER_MAX);
	p->to[p->n++] = (struct sock_filter){ (uint16_t)code, (uint8_t)jt, (uint8_t)jf, k };
}

static void load(struct program *p, uint32_t offset)
{
	put(p, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

static void answer(struct program *p, uint32_t action)
{
	put(p, BPF_RET | BPF_K, action, 0, 0);
}

/* For the number that is loaded. */
static void answer_each(struct program *p, const uint32_t *nr, size_t n, uint32_t action)
{
	size_t i;

	for (i = 0; i < n; i++) {
		put(p, BPF_JMP | BPF_JEQ | BPF_K, nr[i], 0, 1);
		answer(p, action);
	}
}

/* Each failed comparison jumps behind the rule, so that several rules for one system call are alternatives. */
static void allow_if(struct program *p, const struct rule *r)
{
	unsigned n = 0, left;

	while (n < sizeof(r->checks) / sizeof(r->checks[0]) && r->checks[n].mask)
		n++;
	left = 3 * n + 1; /* instructions of this rule after the next */
	load(p, offsetof(struct seccomp_data, nr));
	put(p, BPF_JMP | BPF_JEQ | BPF_K, r->nr, 0, left);
	for (n = 0; left > 1; n++) {
		load(p, r->checks[n].half);
		put(p, BPF_ALU | BPF_AND | BPF_K, r->checks[n].mask, 0, 0);
		left -= 3;
		put(p, BPF_JMP | BPF_JEQ | BPF_K, r->checks[n].value, 0, left);
	}
	answer(p, SECCOMP_RET_ALLOW);
}

unsigned short confine_filter(struct sock_filter to[CONFINE_FILTER_MAX], pid_t pid)
{
	const struct rule own = { SYS_tgkill, { { LOW(0), WHOLE, (uint32_t)pid } } };
	struct program p = { to, 0 };
	size_t i;

	load(&p, offsetof(struct seccomp_data, arch));
	put(&p, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	answer(&p, SECCOMP_RET_KILL_PROCESS);
	load(&p, offsetof(struct seccomp_data, nr));
#ifdef X32_BIT
	put(&p, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
	answer(&p, SECCOMP_RET_KILL_PROCESS);
#endif
	/* first and by the number alone: these the kernel then allows without running the program (5.11) */
	answer_each(&p, allowed, sizeof(allowed) / sizeof(allowed[0]), SECCOMP_RET_ALLOW);
	for (i = 0; i < sizeof(conditional) / sizeof(conditional[0]); i++)
		allow_if(&p, &conditional[i]);
	allow_if(&p, &own);
	load(&p, offsetof(struct seccomp_data, nr));
	answer_each(&p, hostile, sizeof(hostile) / sizeof(hostile[0]), SECCOMP_RET_KILL_PROCESS);
	put(&p, BPF_JMP | BPF_JGE | BPF_K, FIRST_WITHOUT_NEED, 0, 1);
	answer(&p, SECCOMP_RET_ERRNO | ENOSYS);
	answer(&p, SECCOMP_RET_ERRNO | EPERM);
	return p.n;
}
#else
unsigned short confine_filter(struct sock_filter to[CONFINE_FILTER_MAX], pid_t pid)
{
	return 0;
}
#endif

/*
 * SPEC_ALLOW (4.17): before 5.16 a filter otherwise also turns off speculative
 * store bypass, which slows all code down and guards code of a stranger's that
 * runs in this process, of which there is none.
 */
static int set_filter(const struct sock_fprog *prog)
{
	if (!syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, prog))
		return 0;
	if (errno == EINVAL && !syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, prog))
		return 0;
	return -errno;
}

int confine_filter_probe(void)
{
	struct sock_filter program[CONFINE_FILTER_MAX];
	uint32_t kill = SECCOMP_RET_KILL_PROCESS;
	int r;

	if (!confine_filter(program, 0))
		return -ENOEXEC;
	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &kill))
		return -errno;
	/* The kernel fetches the program before it asks anything else: without one, EFAULT says that it would be taken.
	 */
	r = set_filter(NULL);
	return r == -EFAULT ? 0 : r;
}

int confine_filter_load(void)
{
	struct sock_filter program[CONFINE_FILTER_MAX];
	struct sock_fprog prog = { confine_filter(program, getpid()), program };

	return prog.len ? set_filter(&prog) : -ENOEXEC;
}
