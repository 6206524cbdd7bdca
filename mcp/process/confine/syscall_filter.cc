#include "mcp/process/confine/syscall_filter.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace mcp {

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "switchyard-confine knows the system calls of x86-64 and arm64"
#endif

constexpr std::uint32_t kForeignCalls = 0x40000000;  // x86-64: from here on those of the x32 form
constexpr std::uint32_t kDeny = SECCOMP_RET_ERRNO | EPERM;
constexpr std::uint32_t kMissing = SECCOMP_RET_ERRNO | ENOSYS;  // programs then take the older way
constexpr std::uint32_t kNamespaces =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

constexpr auto kDenied = std::to_array<std::uint32_t>({
    // The kernel itself.
    __NR_kexec_load,
    __NR_reboot,
    __NR_init_module,
    __NR_finit_module,
    __NR_delete_module,
    __NR_bpf,
    __NR_perf_event_open,
    __NR_userfaultfd,
    __NR_syslog,
    __NR_acct,
    __NR_quotactl,
    __NR_swapon,
    __NR_swapoff,
    __NR_lookup_dcookie,
    __NR_kcmp,
#if defined(__NR_kexec_file_load)
    __NR_kexec_file_load,
#endif
#if defined(__NR_iopl)
    __NR_iopl,
    __NR_ioperm,
#endif
    // The ways out of the sandbox: other mounts, other namespaces, files without a path.
    __NR_mount,
    __NR_umount2,
    __NR_pivot_root,
    __NR_chroot,
    __NR_unshare,
    __NR_setns,
    __NR_open_by_handle_at,
    __NR_move_mount,
    __NR_open_tree,
    __NR_fsopen,
    __NR_fsconfig,
    __NR_fsmount,
    __NR_fspick,
#if defined(__NR_mount_setattr)
    __NR_mount_setattr,
#endif
    __NR_fanotify_init,
    // Other processes' memory and descriptors.
    __NR_ptrace,
    __NR_process_vm_readv,
    __NR_process_vm_writev,
    __NR_pidfd_getfd,
    // What is shared by all of a user's processes.
    __NR_keyctl,
    __NR_add_key,
    __NR_request_key,
    // The machine's clock and name.
    __NR_settimeofday,
    __NR_clock_settime,
    __NR_clock_adjtime,
    __NR_adjtimex,
    __NR_sethostname,
    __NR_setdomainname,
});

/// Calls that would go past this filter, or that glibc tries first and does without.
constexpr auto kAbsent =
    std::to_array<std::uint32_t>({__NR_clone3, __NR_io_uring_setup, __NR_io_uring_enter, __NR_io_uring_register});

constexpr auto kChanging = std::to_array<std::uint32_t>({
    __NR_mkdirat,
    __NR_unlinkat,
    __NR_renameat2,
    __NR_truncate,
    __NR_openat2,
#if defined(__NR_renameat)
    __NR_renameat,
#endif
#if defined(__NR_open)
    __NR_mkdir,
    __NR_rmdir,
    __NR_unlink,
    __NR_rename,
    __NR_creat,
#endif
});

/// A program for the kernel's filter machine. Each `if` is complete in itself and falls through where it does not hold.
class Builder {
 public:
  void load(std::size_t offset) { add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)); }

  void load_number() { load(offsetof(seccomp_data, nr)); }

  /// The low half of an argument: both architectures are little endian.
  void load_argument(std::size_t index) { load(offsetof(seccomp_data, args) + index * sizeof(std::uint64_t)); }

  void if_equal(std::uint32_t value, std::uint32_t verdict) { judge(BPF_JEQ, value, verdict, true); }
  void unless_equal(std::uint32_t value, std::uint32_t verdict) { judge(BPF_JEQ, value, verdict, false); }
  void if_at_least(std::uint32_t value, std::uint32_t verdict) { judge(BPF_JGE, value, verdict, true); }
  void if_any_bit(std::uint32_t bits, std::uint32_t verdict) { judge(BPF_JSET, bits, verdict, true); }

  /// `body` runs for this call alone; the number is loaded again behind it.
  template <class Body>
  void for_call(std::uint32_t number, Body body) {
    add(BPF_JMP | BPF_JEQ | BPF_K, number);
    const std::size_t jump = code_.size() - 1;
    body();
    load_number();
    code_[jump].jf = static_cast<std::uint8_t>(code_.size() - jump - 1);
  }

  void verdict(std::uint32_t value) { add(BPF_RET | BPF_K, value); }

  sock_fprog program() { return {static_cast<unsigned short>(code_.size()), code_.data()}; }

 private:
  void add(int code, std::uint32_t k) { code_.push_back({static_cast<std::uint16_t>(code), 0, 0, k}); }

  void judge(int comparison, std::uint32_t value, std::uint32_t verdict_value, bool holds) {
    add(BPF_JMP | comparison | BPF_K, value);
    (holds ? code_.back().jf : code_.back().jt) = 1;
    verdict(verdict_value);
  }

  std::vector<sock_filter> code_;
};

void add_hardening(Builder& code) {
  code.load(offsetof(seccomp_data, arch));
  code.unless_equal(kArchitecture, kMissing);
  code.load_number();
#if defined(__x86_64__)
  code.if_at_least(kForeignCalls, kMissing);
#endif
  for (const std::uint32_t number : kDenied)
    code.if_equal(number, kDeny);
  for (const std::uint32_t number : kAbsent)
    code.if_equal(number, kMissing);
  code.for_call(__NR_clone, [&] {
    code.load_argument(0);
    code.if_any_bit(kNamespaces, kDeny);
  });
  code.for_call(__NR_ioctl, [&] {
    constexpr std::uint32_t kTypeIntoConsole = 0x541C;  // TIOCLINUX
    code.load_argument(1);
    code.if_equal(TIOCSTI, kDeny);
    code.if_equal(kTypeIntoConsole, kDeny);
  });
  code.for_call(__NR_socketpair, [&] {
    code.load_argument(0);
    code.unless_equal(AF_UNIX, kDeny);
  });
  code.for_call(__NR_socket, [&] {
    code.load_argument(0);
    for (const int family : {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK})
      code.if_equal(static_cast<std::uint32_t>(family), SECCOMP_RET_ALLOW);
    code.verdict(kDeny);
  });
}

void add_watch(Builder& code, const Watched& watched) {
  constexpr std::uint32_t kWrites = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
  if (watched.files) {
    for (const std::uint32_t number : kChanging)
      code.if_equal(number, SECCOMP_RET_USER_NOTIF);
    code.for_call(__NR_openat, [&] {
      code.load_argument(2);
      code.if_any_bit(kWrites, SECCOMP_RET_USER_NOTIF);
    });
#if defined(__NR_open)
    code.for_call(__NR_open, [&] {
      code.load_argument(1);
      code.if_any_bit(kWrites, SECCOMP_RET_USER_NOTIF);
    });
#endif
  }
  if (watched.network) code.if_equal(__NR_connect, SECCOMP_RET_USER_NOTIF);
}

int install(Builder& code, unsigned flags) {
  sock_fprog program = code.program();
  return static_cast<int>(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program));
}

}  // namespace

int install_syscall_filter(const Watched& watched) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -errno - 1;
  Builder hardening;
  add_hardening(hardening);
  Builder both = hardening;
  hardening.verdict(SECCOMP_RET_ALLOW);
  add_watch(both, watched);
  both.verdict(SECCOMP_RET_ALLOW);
  const int listener = install(both, SECCOMP_FILTER_FLAG_NEW_LISTENER);
  if (listener >= 0) return listener;
  // There is one watch for a process, and older kernels have none: what is denied is so without it.
  return install(hardening, 0) == 0 ? -1 : -errno - 1;
}

}  // namespace mcp
