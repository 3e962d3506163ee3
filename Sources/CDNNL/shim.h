// oneDNN for Swift: enum cases that Swift needs as plain integers, and constants that are macros
// with casts.
#ifndef VARED_CDNNL_SHIM_H
#define VARED_CDNNL_SHIM_H

#include <dnnl.h>

/// No memory attached yet (DNNL_MEMORY_NONE).
static inline void *vared_dnnl_memory_none(void) { return DNNL_MEMORY_NONE; }

/// Whether oneDNN will generate AVX-512 code here (ONEDNN_MAX_CPU_ISA included).
static inline int vared_dnnl_has_avx512(void) {
  return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core;
}

#endif
