/* Gives a program the same numbers, times and order of files in every folder; see `steady.rs`.
 *
 * The tools ask the system itself, not its library, so their questions are caught on the way: a filter has the kernel
 * raise SIGSYS for them, and the handler asks in their place and makes the answers steady. Only where STEADY_FILES is
 * set, and on systems that have such filters; elsewhere the answers stay as they are. */
#define _GNU_SOURCE
#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* 1980-01-01, as in `steady.c`. */
#define MOMENT 315532800

/* In the sixth argument, which none of these calls has: the handler's own questions pass. */
#define PASS 0x57ead1e5

#define FILES 65536
#define FOLDER 4096
static struct { unsigned long long device, inode, born; } known[FILES];
static unsigned long long files;
static int turn;

/* The number of a file: by the order in which files are first asked about. Only `statx` is answered so, by which the
 * engine asks: what the tool itself asks in other ways depends on what it finds where it is installed. */
static unsigned long long number(unsigned long long device, unsigned long long inode, unsigned long long born) {
  while (__atomic_exchange_n(&turn, 1, __ATOMIC_ACQUIRE)) {
  }
  unsigned long long place = 0;
  while (place < files &&
         !(known[place].inode == inode && known[place].device == device && known[place].born == born))
    place++;
  if (place == files && files < FILES) {
    known[files].device = device;
    known[files].inode = inode;
    known[files].born = born;
    files++;
  }
  __atomic_store_n(&turn, 0, __ATOMIC_RELEASE);
  return place + 1;
}

static void settle_statx(struct statx *found) {
  unsigned long long device = (unsigned long long)found->stx_dev_major << 32 | found->stx_dev_minor;
  /* Some disks give the number of a file that is gone to the next. */
  unsigned long long born = (unsigned long long)found->stx_btime.tv_sec * 1000000000 + found->stx_btime.tv_nsec;
  found->stx_ino = number(device, found->stx_ino, born);
  found->stx_dev_major = 0;
  found->stx_dev_minor = 1;
  /* How large a folder is, and what a file takes up, is the disk's way. */
  if (S_ISDIR(found->stx_mode)) found->stx_size = FOLDER;
  found->stx_blocks = (found->stx_size + 511) / 512;
  found->stx_blksize = FOLDER;
  found->stx_nlink = 1;
  struct statx_timestamp *times[] = {&found->stx_atime, &found->stx_btime, &found->stx_ctime, &found->stx_mtime};
  for (int i = 0; i < 4; i++) {
    times[i]->tv_sec = MOMENT;
    times[i]->tv_nsec = 0;
  }
}

/* One record of a folder, as the system gives them. */
struct record {
  unsigned long long inode;
  long long next;
  unsigned short length;
  unsigned char kind;
  char name[];
};

/* In what order a system lists a folder is its own: here it is that of the names, in each piece that it gives. */
static void settle_records(char *records, long size) {
  static char copy[65536];
  static struct record *order[sizeof copy / 24];
  if (size > (long)sizeof copy) return;
  while (__atomic_exchange_n(&turn, 1, __ATOMIC_ACQUIRE)) {
  }
  memcpy(copy, records, (size_t)size);
  long count = 0;
  for (long place = 0; place < size;) {
    struct record *one = (struct record *)(copy + place);
    long at = count++;
    for (; at > 0 && strcmp(order[at - 1]->name, one->name) > 0; at--) order[at] = order[at - 1];
    order[at] = one;
    place += one->length;
  }
  /* Where to go on is said by the places in the folder, which stay as they are. */
  long long next[sizeof order / sizeof *order];
  long read = 0;
  for (long place = 0; place < size; place += ((struct record *)(copy + place))->length)
    next[read++] = ((struct record *)(copy + place))->next;
  for (long at = 0, place = 0; at < count; at++) {
    struct record *one = (struct record *)(records + place);
    memcpy(one, order[at], order[at]->length);
    one->inode = 1;
    one->next = next[at];
    place += one->length;
  }
  __atomic_store_n(&turn, 0, __ATOMIC_RELEASE);
}

/* The system's own answer: its result, or the number of its error with a minus. */
static long ask(long call, const long *arguments) {
  int before = errno;
  long result = syscall(call, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], (long)PASS);
  if (result == -1) result = -errno;
  errno = before;
  return result;
}

static void answer(int signal, siginfo_t *about, void *context) {
  (void)signal;
  mcontext_t *machine = &((ucontext_t *)context)->uc_mcontext;
#ifdef __x86_64__
  greg_t *registers = machine->gregs;
  long arguments[] = {registers[REG_RDI], registers[REG_RSI], registers[REG_RDX], registers[REG_R10], registers[REG_R8]};
#else
  long arguments[] = {(long)machine->regs[0], (long)machine->regs[1], (long)machine->regs[2], (long)machine->regs[3],
                      (long)machine->regs[4]};
#endif
  long call = about->si_syscall;
  if (call == SYS_statx) arguments[3] |= STATX_BTIME;
  long result = ask(call, arguments);
  if (result > 0 && call == SYS_getdents64) settle_records((char *)arguments[1], result);
  if (result == 0 && call == SYS_statx) settle_statx((struct statx *)arguments[4]);
#ifdef __x86_64__
  registers[REG_RAX] = result;
#else
  machine->regs[0] = (unsigned long long)result;
#endif
}

#ifdef __x86_64__
#define MACHINE AUDIT_ARCH_X86_64
#else
#define MACHINE AUDIT_ARCH_AARCH64
#endif

/* Where the low half of the sixth argument is: both machines begin with it. */
#define SIXTH (offsetof(struct seccomp_data, args) + 5 * 8)
#define CATCH(call, after) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), (after), 0)

__attribute__((constructor)) static void catch_questions(void) {
  if (!getenv("STEADY_FILES")) return;
  struct sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      CATCH(SYS_getdents64, 2),
      CATCH(SYS_statx, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SIXTH),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PASS, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
  };
  struct sock_fprog filter = {.len = sizeof program / sizeof *program, .filter = program};
  struct sigaction action = {.sa_sigaction = answer, .sa_flags = SA_SIGINFO | SA_NODEFER};
  if (sigaction(SIGSYS, &action, NULL) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return;
  /* Without the filter all is as it was. */
  (void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}
#endif
