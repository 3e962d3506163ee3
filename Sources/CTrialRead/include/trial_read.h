// Reads an HDF5 file in a child process first: libhdf5 crashes, hangs or takes all memory on some
// files that are damaged or made to do so, and then takes nobody with it.
#ifndef VARED_TRIAL_READ_H
#define VARED_TRIAL_READ_H

#include <stddef.h>

// Opens the file in a child process and reads what a reader comes across: every link, the type,
// shape and attributes of every object, all texts, and of every dataset of numbers the first and
// the last value. The caller is alone in libhdf5.
//
// Refused are files whose values lie elsewhere (external links, external storage, virtual datasets)
// or were never written.
//
//   memory_bytes: what the child may take beside what this process has.
//   seconds: after which it is ended, if not after five of computing.
//   message: why the file is refused, 0-terminated.
//
// Returns 0 if the file can be read, 1 if not, -1 with `errno` set where no child can be started.
int vared_trial_read(const char *path, unsigned long long memory_bytes, int seconds, char *message,
                     size_t message_bytes);

#endif
