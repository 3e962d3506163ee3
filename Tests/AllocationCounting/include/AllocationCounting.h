// Counts what a process allocates. Linked into an executable, this takes the place of the C
// library's malloc, calloc, realloc, posix_memalign, aligned_alloc, memalign and mmap for every
// library of the process, whatever language it is in and whatever thread calls.
#ifndef VARED_ALLOCATION_COUNTING_H
#define VARED_ALLOCATION_COUNTING_H

#include <stddef.h>

/// Starts to record every call, from none.
void ac_start(void);

/// Stops recording; returns how many calls there were since `ac_start`.
int ac_stop(void);

/// How many of them can be told apart: all, or the first ones where there were very many.
int ac_recorded(void);

/// The file name of the library, or of the executable, that made a call; what an allocator does on
/// behalf of others (libc, libstdc++) counts as theirs.
const char *ac_library(int call);

/// The functions of the executable that led to a call, innermost first: up to `count` return
/// addresses; returns how many.
int ac_frames(int call, void **frames, int count);

/// Writes the demangled name of the function that a return address is in.
void ac_name(const void *frame, char *name, size_t size);

#endif
