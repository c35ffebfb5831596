/* How glibc keeps memory, for a program that is one of many on a host: what it frees goes back to the system.
 *
 * By itself glibc gives each thread a heap of its own, and once large blocks have been freed it holds up to 64 MB of free memory in
 * each: after a console has read a million users that is more than the users take. With one heap, and blocks from a quarter of a
 * megabyte on had from the system and given back to it, it takes what is in use. There is no way to say so from safe Rust, and the
 * variable GLIBC_TUNABLES counts only where it is set before the program starts.
 */
#include <malloc.h>

#if defined(__GLIBC__)
__attribute__((constructor)) static void keep_little(void)
{
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_MMAP_THRESHOLD, 256 * 1024);
}
#endif
