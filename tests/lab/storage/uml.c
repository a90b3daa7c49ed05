/* What User-Mode-Linux lacks to run on any processor, and to boot again.
 *
 * Processors with larger register sets than its kernel knows (AMX): Linux takes the registers of a traced process in
 * the whole size of the processor's XSAVE area, or not at all (EFAULT: arch/x86/kernel/fpu/regset.c,
 * xstateregs_set). The kernel of User-Mode-Linux gives the size that it was built for. What it lacks at the end is
 * filled with zeros: the area's header (xstate_bv) says that nothing is there. It traces in one thread only.
 *
 * To boot again it starts itself anew (arch/um/os-Linux/main.c), and would find its network cards in use: by itself,
 * through the files that it has left open. It takes its time, as a machine's firmware does.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST 65536
#define FIRMWARE 10

long ptrace(enum __ptrace_request request, ...)
{
    static long (*real)(enum __ptrace_request, ...);
    static char area[MOST];
    static size_t size;
    va_list rest;
    va_start(rest, request);
    pid_t pid = va_arg(rest, pid_t);
    void *address = va_arg(rest, void *), *data = va_arg(rest, void *);
    va_end(rest);
    if (real == NULL)
        real = dlsym(RTLD_NEXT, "ptrace");
    if (request != PTRACE_SETREGSET || address != (void *)NT_X86_XSTATE)
        return real(request, pid, address, data);
    struct iovec *given = data, whole = {area, sizeof area};
    if (size == 0 && real(PTRACE_GETREGSET, pid, address, &whole) == 0)
        size = whole.iov_len;
    if (size <= given->iov_len)
        return real(request, pid, address, data);
    memcpy(area, given->iov_base, given->iov_len);
    memset(area + given->iov_len, 0, size - given->iov_len);
    whole.iov_len = size;
    return real(request, pid, address, &whole);
}

int execvp(const char *file, char *const arguments[])
{
    int (*real)(const char *, char *const[]) = dlsym(RTLD_NEXT, "execvp");
    close_range(3, UINT_MAX, CLOSE_RANGE_CLOEXEC);
    sleep(FIRMWARE);
    return real(file, arguments);
}
