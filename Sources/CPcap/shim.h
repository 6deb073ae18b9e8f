#include <pcap/pcap.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

// One thread's credentials: setuid of the C library leaves out threads that are ending, such as the
// first thread of a program whose main function is asynchronous, which ends and is never gone.

static void streamr_become(int number, siginfo_t *info, void *context) {
    unsigned long both = (unsigned long)info->si_value.sival_ptr;
    unsigned user = (unsigned)(both >> 32), group = (unsigned)both;
    syscall(SYS_setgroups, 0, (void *)0);
    syscall(SYS_setresgid, group, group, group);
    syscall(SYS_setresuid, user, user, user);
}

/// Has this thread of the process become that user; 0 if it was told to.
static inline int streamr_have_thread_become(int thread, unsigned user, unsigned group) {
    int number = SIGRTMIN + 3;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = streamr_become;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    if (sigaction(number, &action, (struct sigaction *)0) != 0) return -1;
    siginfo_t info;
    memset(&info, 0, sizeof info);
    info.si_signo = number;
    info.si_code = SI_QUEUE;
    info.si_pid = getpid();
    info.si_uid = getuid();
    info.si_value.sival_ptr = (void *)((unsigned long)user << 32 | group);
    return (int)syscall(SYS_rt_tgsigqueueinfo, getpid(), thread, number, &info);
}
