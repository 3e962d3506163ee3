// The OpenMP pool, entered through libgomp's entry point: clang's own OpenMP run-time would be a
// second pool beside oneDNN's, and two pools on the same cores fight.
#include "CKernels.h"

extern void GOMP_parallel(void (*fn)(void *), void *data, unsigned threads, unsigned flags);
extern int omp_get_max_threads(void);
extern void omp_set_num_threads(int);
extern int omp_get_thread_num(void);

void vared_set_threads(int threads) { omp_set_num_threads(threads); }

int vared_threads(void) { return omp_get_max_threads(); }

int vared_thread(void) { return omp_get_thread_num(); }

typedef struct {
  ptrdiff_t count;
  ptrdiff_t next;
  void (*body)(void *, ptrdiff_t);
  void *context;
} region;

static void worker(void *data) {
  region *r = data;
  for (;;) {
    ptrdiff_t i = __atomic_fetch_add(&r->next, 1, __ATOMIC_RELAXED);
    if (i >= r->count) return;
    r->body(r->context, i);
  }
}

void vared_parallel_for(ptrdiff_t count, void (*body)(void *, ptrdiff_t), void *context) {
  int threads = vared_threads();
  if (threads > count) threads = (int)count;
  if (threads <= 1) {
    for (ptrdiff_t i = 0; i < count; i++) body(context, i);
    return;
  }
  region r = {count, 0, body, context};
  GOMP_parallel(worker, &r, (unsigned)threads, 0);
}
