#include <stddef.h>
#include <stdint.h>

// LLVM, "libFuzzer: using libFuzzer as a library".
int LLVMFuzzerRunDriver(
    int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));
