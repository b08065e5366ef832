/* The wall clock of one process tree, off by as many seconds as stand in a shared file; preloaded by test_clock.py.
 *
 * libfaketime also rewrites sleeps by the monotonic clock, and Python's time.sleep then fails with EINVAL. Here only the wall clock is
 * touched, and the one wait that is told a moment of it: multiprocessing's semaphores.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <dlfcn.h>

static volatile long long none = 0, *offset = &none;
static int (*real_sem_timedwait)(sem_t *, const struct timespec *);

__attribute__((constructor)) static void open_offset(void) {
    const char *path = getenv("JUMPING_CLOCK");
    int file = path ? open(path, O_RDONLY) : -1;
    void *page = file < 0 ? MAP_FAILED : mmap(NULL, sizeof(long long), PROT_READ, MAP_SHARED, file, 0);
    if (page != MAP_FAILED) offset = page;
    if (file >= 0) close(file);
    real_sem_timedwait = dlsym(RTLD_NEXT, "sem_timedwait");
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = syscall(SYS_clock_gettime, clock, now);
    if (!failed && clock == CLOCK_REALTIME) now->tv_sec += *offset;
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (now) *now = exact.tv_sec;
    return exact.tv_sec;
}

int sem_timedwait(sem_t *semaphore, const struct timespec *until) {
    struct timespec moment = *until;
    moment.tv_sec -= *offset;
    return real_sem_timedwait(semaphore, &moment);
}
