#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The core is pure: what its archive takes from outside is on the list below, and it keeps no variable of its own.

core_pure.py LIBCORE [OTHER]   OTHER is an archive that must be found impure: the test of the test
Exit: 0 pure, 1 not, 77 nm or objdump is missing.
"""
import re
import shutil
import subprocess
import sys

ALLOWED = set(
    """
    bcmp memchr memcmp memcpy memmove memset
    stpcpy strchr strcmp strcpy strcspn strlen strncmp strncpy strnlen strpbrk strrchr strspn strstr
    snprintf vsnprintf
    malloc calloc realloc free qsort bsearch
    strtol strtoll strtoul strtoull
    abs labs llabs imaxabs __ctype_b_loc
    inet_ntop inet_pton htonl htons ntohl ntohs
    strerrorname_np strerrordesc_np sigabbrev_np sigdescr_np
    __assert_fail
    bigmem_free bigmem_new
    duration_parse err_remedy err_set suggest_feed suggest_init
    buf_add buf_char buf_escaped buf_fini buf_fmt buf_repeat buf_reset buf_str buf_text buf_vfmt
    _GLOBAL_OFFSET_TABLE_
    """.split()
)
# What compilers add by themselves, and the sanitizers' and the coverage's own.
ADDED = re.compile(
    r"__(\w+)_chk$|__stack_chk_fail$|__u?(?:div|mod|divmod)ti[34]$|__isoc23_strto\w+$|__(asan|ubsan|tsan|msan|hwasan|sanitizer|sancov|gcov|llvm)_|__start___|__stop___"
)
CHECKED = {"memcpy", "memmove", "memset", "strcpy", "strncpy", "snprintf", "vsnprintf"}  # __memcpy_chk, ...


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, universal_newlines=True).stdout


def allowed(symbol):
    if symbol in ALLOWED:
        return True
    match = ADDED.match(symbol)
    return bool(match) and (not match.group(1) or match.group(1) in CHECKED)


def impurities(archive):
    """Symbols from outside that are not allowed, and variables that can change."""
    wanted, defined = {}, set()
    member = ""
    for line in run("nm", "-P", archive).splitlines():
        match = re.match(r".*\[(.*)\]:$", line)
        if match:
            member = match.group(1)
            continue
        fields = line.split()
        if len(fields) < 2:
            continue
        if fields[1] in "Uvw":
            wanted.setdefault(fields[0], member)
        elif fields[1].isupper():
            defined.add(fields[0])
    for symbol, user in sorted(wanted.items()):
        if symbol not in defined and not allowed(symbol):
            yield "%s takes %s from outside the core" % (user, symbol)
    if any("__asan" in s or "__tsan" in s or "__gcov" in s for s in wanted):
        return  # their bookkeeping is made of variables
    for line in run("objdump", "-t", archive).splitlines():
        match = re.match(r"[0-9a-f]+ .{7} (\.data(?!\.rel\.ro)\S*|\.bss\S*|\.tdata\S*|\.tbss\S*|\*COM\*)\t\S+\s+(?:\.hidden )?(\S+)$", line)
        if match and match.group(1) != match.group(2):
            yield "%s is a variable that can change (%s)" % (match.group(2), match.group(1))


def main():
    for tool in ("nm", "objdump"):
        if not shutil.which(tool):
            print("skipped: %s is missing (apt-get install binutils)" % tool)
            return 77
    found = list(impurities(sys.argv[1]))
    for text in found:
        print(text)
    if len(sys.argv) > 2:
        others = list(impurities(sys.argv[2]))
        if not any("clock_gettime" in text for text in others) or not any(" write " in text for text in others):
            print("the check itself fails: it finds no clock and no write() in %s" % sys.argv[2])
            return 1
    print("%d impurities" % len(found))
    return 1 if found else 0


sys.exit(main())
