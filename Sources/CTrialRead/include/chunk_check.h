// Whether the chunks of a dataset are as long as libhdf5 takes them to be.
#ifndef VARED_CHUNK_CHECK_H
#define VARED_CHUNK_CHECK_H

#include <stddef.h>
#include <stdint.h>

// libhdf5 up to 1.14 reads past the end of a chunk that is shorter after its filters than the
// layout says, as in a damaged file. This undoes the filters of the chunks that rows `first` up to
// `end` of the open dataset lie in, and holds their lengths against it. The caller is alone in
// libhdf5.
//
//   message: why the dataset is refused, 0-terminated.
//
// Returns 0 where libhdf5 may read the rows, 1 where not.
int vared_check_chunks(int64_t dataset, unsigned long long first, unsigned long long end,
                       char *message, size_t message_bytes);

#endif
