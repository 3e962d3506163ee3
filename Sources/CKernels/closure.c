// The loop over threads for a Swift closure that does not escape: called as Swift calls it, from
// where it lies, so that nothing has to be allocated to hand it over.
#include "CKernels.h"

typedef __attribute__((swiftcall)) void (*loop_body)(
    ptrdiff_t i, __attribute__((swift_context)) void *captured);

typedef struct {
  loop_body body;
  void *captured;
} closure;

static void call(void *context, ptrdiff_t i) {
  closure *c = context;
  c->body(i, c->captured);
}

/// Declared in Parallel.swift: `(Int, (Int) -> Void) -> Void`, a closure being its code and what it
/// captured.
__attribute__((swiftcall)) void vared_parallel_for_closure(ptrdiff_t count, loop_body body,
                                                           void *captured) {
  closure c = {body, captured};
  vared_parallel_for(count, call, &c);
}
