#ifndef VARED_COPENBLAS_SHIM_H
#define VARED_COPENBLAS_SHIM_H
#include <cblas.h>
#endif
