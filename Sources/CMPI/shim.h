// Open MPI for Swift. Handles and a few constants of mpi.h are C macros with casts, which Swift
// cannot import; each has a getter here, named after it. Nothing else belongs in this file.
#ifndef VARED_CMPI_SHIM_H
#define VARED_CMPI_SHIM_H

#include <mpi.h>

static inline MPI_Comm vared_MPI_COMM_WORLD(void) { return MPI_COMM_WORLD; }
static inline MPI_Comm vared_MPI_COMM_NULL(void) { return MPI_COMM_NULL; }
static inline MPI_Errhandler vared_MPI_ERRORS_RETURN(void) { return MPI_ERRORS_RETURN; }
static inline MPI_Info vared_MPI_INFO_NULL(void) { return MPI_INFO_NULL; }
static inline MPI_Request vared_MPI_REQUEST_NULL(void) { return MPI_REQUEST_NULL; }
static inline MPI_Status *vared_MPI_STATUS_IGNORE(void) { return MPI_STATUS_IGNORE; }
static inline MPI_Status *vared_MPI_STATUSES_IGNORE(void) { return MPI_STATUSES_IGNORE; }
static inline void *vared_MPI_IN_PLACE(void) { return MPI_IN_PLACE; }

static inline MPI_Datatype vared_MPI_FLOAT(void) { return MPI_FLOAT; }
static inline MPI_Datatype vared_MPI_DOUBLE(void) { return MPI_DOUBLE; }
static inline MPI_Datatype vared_MPI_INT64_T(void) { return MPI_INT64_T; }
static inline MPI_Datatype vared_MPI_BYTE(void) { return MPI_BYTE; }

static inline MPI_Op vared_MPI_SUM(void) { return MPI_SUM; }
static inline MPI_Op vared_MPI_MAX(void) { return MPI_MAX; }

#endif
