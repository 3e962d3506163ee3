// Open MPI for Swift: handle constants are C macros with casts, which Swift cannot import.
#ifndef VARED_CMPI_SHIM_H
#define VARED_CMPI_SHIM_H
#include <mpi.h>
#endif
