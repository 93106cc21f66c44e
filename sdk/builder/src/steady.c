/* Gives a program the same random bytes and the same time in every run; see `steady.rs`. */
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* 1980-01-01, the oldest time that every archive format knows. */
#define MOMENT 315532800

ssize_t getrandom(void *bytes, size_t count, unsigned flags) {
  (void)flags;
  memset(bytes, 0x2a, count);
  return (ssize_t)count;
}

int getentropy(void *bytes, size_t count) {
  memset(bytes, 0x2a, count);
  return 0;
}

/* Clocks of any other kind advance in steps far longer than a build, so that none of its durations can be measured. */
int clock_gettime(clockid_t clock, struct timespec *now) {
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) {
    now->tv_sec = MOMENT;
    now->tv_nsec = 0;
    return 0;
  }
  int status = (int)syscall(SYS_clock_gettime, clock, now);
  if (status == 0) {
    now->tv_sec = now->tv_sec / 1000000 * 1000000 + 5;
    now->tv_nsec = 0;
  }
  return status;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  (void)zone;
  now->tv_sec = MOMENT;
  now->tv_usec = 0;
  return 0;
}

time_t time(time_t *now) {
  if (now) *now = MOMENT;
  return MOMENT;
}
