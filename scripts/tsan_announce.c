// What orders threads in libraries that are not built with the thread sanitizer, announced to it:
// otherwise whatever these keep apart is reported. scripts/sanitize.sh links this into every
// program, whose functions stand before those of the same name in the libraries.
//
// Mutexes of pthread, and so Foundation's locks and conditions, and atomics it sees by itself.
#define _GNU_SOURCE
#include <dispatch/dispatch.h>
#include <dlfcn.h>
#include <stdint.h>

// What a thread did before `__tsan_release` of an address happens before what another does after
// `__tsan_acquire` of it.
extern void __tsan_acquire(void *address);
extern void __tsan_release(void *address);

// The library's function of this name.
#define LIBRARYS(result, name, ...) \
  static result (*librarys)(__VA_ARGS__); \
  if (!__atomic_load_n(&librarys, __ATOMIC_RELAXED)) \
  __atomic_store_n(&librarys, (result (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name), __ATOMIC_RELAXED)

// MARK: libgomp: the regions of CKernels and of oneDNN

typedef struct {
  void (*body)(void *);
  void *data;
} region;

static void run_region(void *data) {
  region *r = data;
  __tsan_acquire(r);
  r->body(r->data);
  __tsan_release(r);
}

void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags) {
  LIBRARYS(void, "GOMP_parallel", void (*)(void *), void *, unsigned, unsigned);
  region r = {body, data};
  __tsan_release(&r);
  librarys(run_region, &r, threads, flags);
  __tsan_acquire(&r);
}

// MARK: libswiftSynchronization: a Mutex that another thread holds. Taking a free one is an atomic
// in the caller, at the same address.

#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *self

SWIFT void lock_slow(uint32_t thread, SELF) __asm__(LOCK_SLOW);
SWIFT void lock_slow(uint32_t thread, SELF) {
  LIBRARYS(SWIFT void, LOCK_SLOW, uint32_t, SELF);
  librarys(thread, self);
  __tsan_acquire(self);
}

SWIFT void unlock_slow(SELF) __asm__(UNLOCK_SLOW);
SWIFT void unlock_slow(SELF) {
  LIBRARYS(SWIFT void, UNLOCK_SLOW, SELF);
  __tsan_release(self);
  librarys(self);
}

// MARK: libswiftCore: globals and statics, which the first to read them makes

typedef struct {
  void (*make)(void *);
  void *context;
  intptr_t *predicate;
} making;

static void make_once(void *context) {
  making *m = context;
  m->make(m->context);
  __tsan_release(m->predicate);
}

void swift_once(intptr_t *predicate, void (*make)(void *), void *context) {
  LIBRARYS(void, "swift_once", intptr_t *, void (*)(void *), void *);
  making m = {make, context, predicate};
  librarys(predicate, make_once, &m);
  __tsan_acquire(predicate);
}

// MARK: libdispatch: semaphores, and loops over threads

intptr_t dispatch_semaphore_signal(dispatch_semaphore_t semaphore) {
  LIBRARYS(intptr_t, "dispatch_semaphore_signal", dispatch_semaphore_t);
  __tsan_release(semaphore);
  return librarys(semaphore);
}

intptr_t dispatch_semaphore_wait(dispatch_semaphore_t semaphore, dispatch_time_t timeout) {
  LIBRARYS(intptr_t, "dispatch_semaphore_wait", dispatch_semaphore_t, dispatch_time_t);
  const intptr_t result = librarys(semaphore, timeout);
  if (result == 0) __tsan_acquire(semaphore);
  return result;
}

void dispatch_apply(size_t iterations, dispatch_queue_t queue, void (^body)(size_t)) {
  LIBRARYS(void, "dispatch_apply", size_t, dispatch_queue_t, void (^)(size_t));
  __tsan_release((void *)body);
  librarys(iterations, queue, ^(size_t i) {
    __tsan_acquire((void *)body);
    body(i);
    __tsan_release((void *)body);
  });
  __tsan_acquire((void *)body);
}
