#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a command on another kernel: one of Debian's, in qemu, with this machine's files.

kernel.py [--kernel stable|FILE.deb[,FILE.deb]] [--cpus N] [--memory SIZE] [--timeout S] [--tcg] [--console] COMMAND...

For instance: kernel.py meson test -C build --no-rebuild --print-errorlogs -t 5 --suite lab

The virtual machine has no network.  Its root is this machine's, read-only, under a layer in memory: what is built and
installed here is there, at the same paths, and nothing that is done there is found here afterwards.  So the kernel is
the only thing that differs.  COMMAND is run by root, as a child of init, in this directory; its output (both streams)
comes out here as it is written, and its status is this program's.  No kernel is installed: the package is fetched by
apt, once, and unpacked in ~/.cache/synsent-kernels.  A second FILE.deb has the modules that the first lacks (Ubuntu's
linux-image-unsigned-... and linux-modules-...).

By hand, and not by CI: it wants root, qemu-system-x86, kmod, busybox, and /dev/kvm unless there is time for --tcg.
"""
import argparse
import lzma
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
import threading

PATH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin:/sbin:/bin"
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "synsent-kernels")
TOOLS = {"qemu-system-x86_64": "qemu-system-x86", "depmod": "kmod", "modprobe": "kmod", "busybox": "busybox",
         "dpkg-deb": "dpkg", "apt-get": "apt"}
EARLY = ("virtio_pci", "virtio_console", "9pnet_virtio", "9p", "overlay")  # until /lib/modules can be seen
PORT = "synsent"
KVM, TCG = ["-accel", "kvm", "-cpu", "host"], ["-accel", "tcg,thread=multi", "-cpu", "max"]

# Before the root is there: busybox alone.
INIT = """#!/bin/sh
mount -t devtmpfs dev /dev
for m in $(cat /early); do insmod "$m" || echo "insmod $m failed"; done
mkdir -p /below /modules /above /root
mount -t 9p -o trans=virtio,version=9p2000.L,cache=loose,msize=512000,ro root /below &&
mount -t tmpfs -o size=60% above /above && mkdir /above/files /above/work &&
mount -t overlay -o lowerdir=/below,upperdir=/above/files,workdir=/above/work overlay /root || poweroff -f
for d in proc sys dev run tmp; do mkdir -p /root/$d; done
mount --move /dev /root/dev
mount -t proc -o nosuid,nodev,noexec proc /root/proc
mount -t sysfs -o nosuid,nodev,noexec sys /root/sys
mount -t tmpfs -o nosuid,nodev run /root/run
mount -t tmpfs -o nosuid,nodev,mode=1777 tmp /root/tmp
HERE
mkdir -p /root/lib/modules/$(uname -r)
mount -t 9p -o trans=virtio,version=9p2000.L,cache=loose,msize=512000,ro modules /root/lib/modules/$(uname -r)
cp /init2 /command /root/run/
exec switch_root /root /bin/sh /run/init2
"""

# The directory of the command, where a file system of the machine's own would hide it.
HERE = """mkdir -p /above/here /above/here-work /root%(path)s
mount -t overlay -o lowerdir=/below%(path)s,upperdir=/above/here,workdir=/above/here-work overlay /root%(path)s
"""

# What a booted system has, as far as the tests look at it.
INIT2 = """
export PATH=%(path)s HOME=/root
mkdir -p /dev/pts /dev/shm /sys/fs/cgroup
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o nosuid,nodev shm /dev/shm
mount -t cgroup2 -o nsdelegate cgroup2 /sys/fs/cgroup
mount -t securityfs securityfs /sys/kernel/security
mount -t bpf -o mode=700 bpf /sys/fs/bpf
mount -t tracefs tracefs /sys/kernel/tracing
ln -sfn /proc/self/fd /dev/fd; ln -sf fd/0 /dev/stdin; ln -sf fd/1 /dev/stdout; ln -sf fd/2 /dev/stderr
echo synsent-vm >/proc/sys/kernel/hostname
for m in tun veth; do modprobe $m; chmod 666 /dev/net/tun; done  # as udev does, by the modules' own words
ip link set lo up
for p in /sys/class/virtio-ports/*; do
	case $(cat $p/name) in %(port)s) out=/dev/${p##*/} ;; %(port)s-status) status=/dev/${p##*/} ;; esac
done
mkfifo /run/output
cat /run/output >"$out" &
cat=$!
exec 3>/run/output
sh /run/command </dev/null >/run/output 2>&1 3>&-
echo $? >"$status"
exec 3>&-
(sleep 2; kill $cat) 2>/dev/null &  # whoever was left behind may hold the pipe
wait $cat
echo o >/proc/sysrq-trigger
read -r end </run/output  # never
"""


def skip(why):
    print("kernel.py: cannot run here: " + why, file=sys.stderr)
    sys.exit(77)


def found(tool):
    return shutil.which(tool, path=PATH)


def output(*command, **more):
    p = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
    if p.returncode:
        skip("%s: %s" % (" ".join(command[:2]), (p.stderr.strip().splitlines() or ["failed"])[-1]))
    return p.stdout


def package(which):
    """The paths of the kernel's packages, fetched unless that was done before."""
    if os.path.sep in which or which.endswith(".deb"):
        return [os.path.abspath(path) for path in which.split(",")]
    known = output("apt-cache", "depends", "linux-image-amd64")
    name = re.search(r"Depends: (linux-image-\S+)", known)
    if not name:
        skip("apt knows of no linux-image-amd64 (apt-get update)")
    directory = os.path.join(CACHE, which)
    os.makedirs(directory, exist_ok=True)
    have = [f for f in os.listdir(directory) if f.startswith(name.group(1) + "_") and f.endswith(".deb")]
    if not have:
        print("fetching %s (70 to 110 MB)" % name.group(1), file=sys.stderr)
        output("apt-get", "-q", "download", name.group(1), cwd=directory)
        have = [f for f in os.listdir(directory) if f.startswith(name.group(1) + "_") and f.endswith(".deb")]
    return [os.path.join(directory, sorted(have)[-1])]


class Kernel:
    """One that is unpacked: its image, and its modules with the lists that modprobe reads."""

    def __init__(self, debs):
        self.root = os.path.join(CACHE, os.path.basename(debs[0])[:-len(".deb")])
        for deb in debs if not os.path.exists(self.root + "/done") else []:
            output("dpkg-deb", "-x", deb, self.root)
        if not os.path.lexists(self.root + "/lib"):
            os.symlink("usr/lib", self.root + "/lib")  # as from Debian 13 on
        self.release = os.listdir(self.root + "/lib/modules")[0]
        self.image = "%s/boot/vmlinuz-%s" % (self.root, self.release)
        self.modules = "%s/lib/modules/%s" % (self.root, self.release)
        if not os.path.exists(self.root + "/done"):
            output("depmod", "-b", self.root, self.release, env=dict(os.environ, PATH=PATH))
            open(self.root + "/done", "w").close()

    def early(self):
        """(file name, bytes) of modules, in the order of their loading."""
        needs = {}
        with open(self.modules + "/modules.dep") as f:
            for line in f:
                path, _, others = line.partition(":")
                needs[os.path.basename(path).split(".")[0].replace("-", "_")] = [path] + others.split()
        paths = []
        for name in EARLY:
            for path in reversed(needs.get(name, [])):  # none: it is built in
                if path not in paths:
                    paths.append(path)
        for path in paths:
            path = os.path.join(self.modules, path)
            if path.endswith(".zst"):
                content = subprocess.run(["zstd", "-dcq", path], stdout=subprocess.PIPE, check=True).stdout
            else:
                with (lzma.open if path.endswith(".xz") else open)(path, "rb") as f:
                    content = f.read()
            yield os.path.basename(path).split(".")[0] + ".ko", content


class Initramfs:
    """An archive in cpio's "newc" format."""

    def __init__(self):
        self.bytes, self.names = bytearray(), set()

    def entry(self, name, mode, content):
        self.names.add(name)
        head = [len(self.names), mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0]
        self.bytes += b"070701" + b"".join(b"%08X" % n for n in head) + name.encode() + b"\0"
        self.pad()
        self.bytes += content
        self.pad()

    def pad(self):
        self.bytes += b"\0" * (-len(self.bytes) % 4)

    def directory(self, name):
        for i in [i for i, c in enumerate(name) if c == "/"] + [len(name)]:
            if name[:i] and name[:i] not in self.names:
                self.entry(name[:i], stat.S_IFDIR | 0o755, b"")

    def file(self, name, content, mode=0o644):
        self.directory(os.path.dirname(name))
        self.entry(name, stat.S_IFREG | mode, content if isinstance(content, bytes) else content.encode())

    def program(self, path, name):
        """With the libraries that it is linked with."""
        with open(path, "rb") as f:
            self.file(name, f.read(), 0o755)
        libraries = subprocess.run(["ldd", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
        for library in re.findall(r"(/\S+) \(0x", libraries):
            if library[1:] not in self.names:
                with open(library, "rb") as f:
                    self.file(library[1:], f.read(), 0o755)

    def write(self, path):
        self.entry("TRAILER!!!", 0, b"")
        with open(path, "wb") as f:
            f.write(self.bytes)


def initramfs(path, kernel, command):
    archive = Initramfs()
    archive.program(found("busybox"), "bin/busybox")
    for name in ("sh", "mount", "insmod", "mkdir", "cat", "cp", "uname", "switch_root", "poweroff"):
        archive.entry("bin/" + name, stat.S_IFLNK | 0o777, b"busybox")
    archive.directory("dev")
    early = []
    for name, content in kernel.early():
        archive.file("modules.early/" + name, content)
        early.append("/modules.early/" + name)
    archive.file("early", "\n".join(early) + "\n")
    hidden = (os.getcwd() + "/").startswith(("/tmp/", "/run/"))
    archive.file("init", INIT.replace("HERE\n", HERE % {"path": shlex.quote(os.getcwd())} if hidden else ""), 0o755)
    archive.file("init2", INIT2 % {"path": PATH.lstrip(":"), "port": PORT})
    archive.file("command", "cd %s || exit 125\nexec %s\n" % (shlex.quote(os.getcwd()), shlex.join(command)))
    archive.write(path)


def kvm(kernel):
    """Does it work?  Inside another virtual machine it may be there and not get as far as the kernel's first word."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    p = subprocess.Popen([found("qemu-system-x86_64"), *KVM, "-m", "1G", "-nodefaults", "-no-user-config", "-nic", "none",
                          "-display", "none", "-no-reboot", "-kernel", kernel.image,
                          "-append", "console=ttyS0 earlyprintk=serial panic=-1", "-serial", "stdio"],
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    timer = threading.Timer(15, p.kill)
    timer.start()
    said = b"".join(iter(lambda: p.stdout.read1(65536), b""))
    timer.cancel()
    p.wait()
    return b"Linux version" in said


def share(tag, path):
    return ["-fsdev", "local,id=%s,path=%s,security_model=none,readonly=on,multidevs=remap" % (tag, path),
            "-device", "virtio-9p-pci,fsdev=%s,mount_tag=%s" % (tag, tag)]


def run(a, kernel, accelerator, directory):
    archive, console = os.path.join(directory, "initramfs"), os.path.join(directory, "console")
    status = os.path.join(directory, "status")
    initramfs(archive, kernel, a.command)
    output_from, output_to = os.pipe()
    command = [found("qemu-system-x86_64"), *accelerator, "-smp", str(a.cpus), "-m", a.memory, "-nodefaults",
               "-no-user-config", "-nic", "none", "-display", "none", "-no-reboot", "-kernel", kernel.image,
               "-initrd", archive, "-append", "console=ttyS0 quiet panic=-1 " + a.append,
               *share("root", "/"), *share("modules", kernel.modules),
               "-serial", "file:" + console, "-device", "virtio-serial-pci",
               "-chardev", "file,id=out,path=/proc/self/fd/%d" % output_to, "-device", "virtserialport,chardev=out,name=" + PORT,
               "-chardev", "file,id=status,path=" + status,
               "-device", "virtserialport,chardev=status,name=%s-status" % PORT]
    p = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[output_to])
    os.close(output_to)
    timer = threading.Timer(a.timeout, p.kill)
    timer.start()
    try:
        for piece in iter(lambda: os.read(output_from, 65536), b""):
            sys.stdout.buffer.write(piece)
            sys.stdout.flush()
        p.wait()
    finally:
        p.kill()
    said = "" if p.returncode == 0 else "no end after %d s" % a.timeout if not timer.is_alive() else \
        "qemu ended with %d" % p.returncode
    timer.cancel()
    log = ""
    if os.path.exists(console):
        with open(console, errors="replace") as f:
            log = f.read()
    if os.path.exists(status):
        with open(status) as f:
            ended = f.read().strip()
        if a.console:
            sys.stderr.write(log)
        if ended and not said:
            return int(ended)
    print("kernel.py: %s; the console's last words:\n%s" % (said or "it did not come as far as the command",
                                                            "\n".join(log.splitlines()[-25:])), file=sys.stderr)
    return 125


def main():
    p = argparse.ArgumentParser(usage=__doc__.splitlines()[2])
    p.add_argument("--kernel", default="stable")
    p.add_argument("--cpus", type=int, default=2)
    p.add_argument("--memory", default="4G")
    p.add_argument("--timeout", type=float, default=900)
    p.add_argument("--append", default="", help="to the kernel's command line")
    p.add_argument("--tcg", action="store_true")
    p.add_argument("--console", action="store_true", help="print what the kernel said, in the end")
    p.add_argument("command", nargs=argparse.REMAINDER)
    a = p.parse_args()
    if a.command[:1] == ["--"]:
        a.command = a.command[1:]
    if not a.command:
        p.error("no command")
    missing = sorted({package for tool, package in TOOLS.items() if not found(tool)})
    if missing:
        skip("%s missing: apt-get install --no-install-recommends %s" % (
            "these packages are" if missing[1:] else "a package is", " ".join(missing)))
    os.makedirs(CACHE, exist_ok=True)
    kernel = Kernel(package(a.kernel))
    accelerator = TCG if a.tcg or not kvm(kernel) else KVM
    print("Linux %s under %s" % (kernel.release, "KVM" if accelerator == KVM else "TCG: several times slower"),
          file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="synsent-vm-") as directory:
        sys.exit(run(a, kernel, accelerator, directory))


if __name__ == "__main__":
    main()
