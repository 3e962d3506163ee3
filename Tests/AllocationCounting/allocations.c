// The allocation functions of the process, and a record of the calls.
#define _GNU_SOURCE
#include "AllocationCounting.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

enum { capacity = 1 << 15, depth = 32, own_frames = 2 };

typedef struct {
  void *frames[depth];
  int count;
} call_record;

static call_record records[capacity];
static atomic_int calls;
static atomic_bool counting;
static __thread bool inside;

// One frame of its own, below that of the allocation function: `own_frames`.
__attribute__((noinline)) static void note(void) {
  if (!atomic_load(&counting) || inside) return;
  inside = true;
  int i = atomic_fetch_add(&calls, 1);
  if (i < capacity) records[i].count = backtrace(records[i].frames, depth);
  inside = false;
}

void ac_start(void) {
  void *frame;
  backtrace(&frame, 1);  // Loads libgcc_s, which allocates.
  atomic_store(&calls, 0);
  atomic_store(&counting, true);
}

int ac_stop(void) {
  atomic_store(&counting, false);
  return atomic_load(&calls);
}

int ac_recorded(void) {
  int all = atomic_load(&calls);
  return all < capacity ? all : capacity;
}

// --- in place of the C library's ---

// Two sanitizers have put functions of their own there, also in the tests' program, which is linked
// with this. Under them nothing is counted, and `AllocationChecks` says so.
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)

void *malloc(size_t bytes) {
  note();
  return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes) {
  note();
  return __libc_calloc(count, bytes);
}

void *realloc(void *old, size_t bytes) {
  note();
  return __libc_realloc(old, bytes);
}

void *memalign(size_t alignment, size_t bytes) {
  note();
  return __libc_memalign(alignment, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) {
  note();
  return __libc_memalign(alignment, bytes);
}

int posix_memalign(void **result, size_t alignment, size_t bytes) {
  note();
  if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
  void *memory = __libc_memalign(alignment, bytes);
  if (memory == NULL) return ENOMEM;
  *result = memory;
  return 0;
}

void *mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset) {
  note();
  return (void *)syscall(SYS_mmap, address, bytes, protection, flags, file, offset);
}

#endif

// --- who called ---

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/// Whether a library allocates for others: the one that called it is the one that counts.
static bool is_allocator(const char *library) {
  static const char *const names[] = {"libc.so", "libstdc++.so", "ld-linux", "libgcc_s.so"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (strncmp(library, names[i], strlen(names[i])) == 0) return true;
  }
  return false;
}

/// The file name of the library that a return address is in; null where it is in none. `dladdr`
/// searches all symbols of the library, so what it found is kept.
static const char *library_of(void *frame) {
  static struct {
    void *frame;
    const char *library;
  } known[4096];
  size_t slot = (uintptr_t)frame % (sizeof known / sizeof *known);
  if (known[slot].frame != frame) {
    Dl_info info;
    bool found = dladdr(frame, &info) != 0 && info.dli_fname != NULL;
    known[slot].frame = frame;
    known[slot].library = found ? base_name(info.dli_fname) : NULL;
  }
  return known[slot].library;
}

const char *ac_library(int call) {
  const call_record *record = &records[call];
  for (int i = own_frames; i < record->count; i++) {
    const char *library = library_of(record->frames[i]);
    if (library != NULL && !is_allocator(library)) return library;
  }
  return "unknown";
}

// Of the linker: where the executable's code lies.
extern char __executable_start, etext;

int ac_frames(int call, void **frames, int count) {
  const call_record *record = &records[call];
  int found = 0;
  for (int i = own_frames; i < record->count && found < count; i++) {
    char *frame = record->frames[i];
    if (frame >= &__executable_start && frame < &etext) frames[found++] = frame;
  }
  return found;
}
