// oneDNN for Swift, and the entry points of the OpenMP pool (libgomp) it runs on.
#ifndef VARED_CDNNL_SHIM_H
#define VARED_CDNNL_SHIM_H
#include <dnnl.h>
#endif
