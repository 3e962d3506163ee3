// Names of the executable's functions, which need not be exported: from its own symbol table.
#include "AllocationCounting.h"

#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/// Of the linker: where the executable was loaded.
extern char __executable_start;

/// Of libswiftCore.
extern char *swift_demangle(const char *mangled, size_t length, char *buffer, size_t *size,
                            uint32_t flags);

/// The executable's file in memory; null where it cannot be read.
static const char *executable(void) {
  static const char *image;
  if (image != NULL) return image;
  int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0) return NULL;
  void *pages = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
  close(file);
  image = pages == MAP_FAILED ? NULL : pages;
  return image;
}

/// The mangled name of the function that holds `offset`; null where there is none.
static const char *mangled_name(const char *image, uintptr_t offset) {
  const Elf64_Ehdr *header = (const Elf64_Ehdr *)image;
  const Elf64_Shdr *sections = (const Elf64_Shdr *)(image + header->e_shoff);
  for (int s = 0; s < header->e_shnum; s++) {
    if (sections[s].sh_type != SHT_SYMTAB) continue;
    const Elf64_Sym *symbols = (const Elf64_Sym *)(image + sections[s].sh_offset);
    const char *names = image + sections[sections[s].sh_link].sh_offset;
    for (size_t i = 0; i < sections[s].sh_size / sizeof *symbols; i++) {
      const Elf64_Sym *symbol = &symbols[i];
      if (ELF64_ST_TYPE(symbol->st_info) == STT_FUNC && symbol->st_value <= offset &&
          offset < symbol->st_value + symbol->st_size) {
        return names + symbol->st_name;
      }
    }
  }
  return NULL;
}

void ac_name(const void *frame, char *name, size_t size) {
  // A return address may already belong to the next function.
  uintptr_t address = (uintptr_t)frame - 1;
  const char *image = executable();
  uintptr_t offset = address - (uintptr_t)&__executable_start;
  const char *mangled = NULL;
  if (image != NULL) {
    int is_relocated = ((const Elf64_Ehdr *)image)->e_type == ET_DYN;
    mangled = mangled_name(image, is_relocated ? offset : address);
  }
  if (mangled == NULL) {
    snprintf(name, size, "+0x%zx", (size_t)offset);
    return;
  }
  char *readable = swift_demangle(mangled, strlen(mangled), NULL, NULL, 0);
  snprintf(name, size, "%s", readable == NULL ? mangled : readable);
  free(readable);
}
