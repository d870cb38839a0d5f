/* NVIDIA's management library as far as moorage asks it, for machines that have no GPU.
 *
 * The file that FAKE_NVML names is the machine: a line per GPU, `uuid;name;MiB;state;xid`, read at every call.
 * A state is `ok`, `lost` or `mig`; an xid that is not 0 is one event for each set that was made before it.
 * Signatures and numbers are those of nvml.h. No variable: a machine whose driver is not loaded.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUCCESS = 0, NOT_SUPPORTED = 3, NOT_FOUND = 6, DRIVER_NOT_LOADED = 9, TIMEOUT = 10, GPU_IS_LOST = 15 };
enum { MOST = 16 };

typedef struct { char uuid[96], name[96], state[16]; unsigned long long mib, xid; } gpu_t;
typedef struct { unsigned long long total, free, used; } memory_t;
typedef struct { void *device; unsigned long long type, data; unsigned gpu_instance, compute_instance; } event_t;

static gpu_t gpus[MOST];
static unsigned long long said[MOST];

static unsigned load(void) {
    FILE *file = getenv("FAKE_NVML") ? fopen(getenv("FAKE_NVML"), "r") : NULL;
    unsigned count = 0;
    gpu_t *gpu = gpus;
    while (file && count < MOST
           && fscanf(file, " %95[^;];%95[^;];%llu;%15[^;];%llu", gpu->uuid, gpu->name, &gpu->mib, gpu->state, &gpu->xid) == 5)
        gpu = &gpus[++count];
    if (file) fclose(file);
    return count;
}

static gpu_t *of(void *handle) { load(); return &gpus[(size_t)handle - 1]; }
static int answer(gpu_t *gpu) { return strcmp(gpu->state, "lost") ? SUCCESS : GPU_IS_LOST; }

int nvmlInitWithFlags(unsigned flags) { (void)flags; return getenv("FAKE_NVML") ? SUCCESS : DRIVER_NOT_LOADED; }
int nvmlShutdown(void) { return SUCCESS; }

const char *nvmlErrorString(int code) {
    return code == GPU_IS_LOST ? "GPU is lost" : code == NOT_FOUND ? "Not Found"
         : code == DRIVER_NOT_LOADED ? "Driver Not Loaded" : "Unknown Error";
}

int nvmlDeviceGetCount_v2(unsigned *count) { *count = load(); return SUCCESS; }

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **handle) {
    *handle = (void *)(size_t)(index + 1);
    return index < load() ? SUCCESS : NOT_FOUND;
}

int nvmlDeviceGetHandleByUUID(const char *uuid, void **handle) {
    unsigned count = load();
    for (unsigned index = 0; index < count; index++)
        if (!strcmp(gpus[index].uuid, uuid)) {
            *handle = (void *)(size_t)(index + 1);
            return answer(&gpus[index]);
        }
    return NOT_FOUND;
}

int nvmlDeviceGetUUID(void *handle, char *text, unsigned size) { snprintf(text, size, "%s", of(handle)->uuid); return SUCCESS; }
int nvmlDeviceGetName(void *handle, char *text, unsigned size) { snprintf(text, size, "%s", of(handle)->name); return SUCCESS; }

int nvmlDeviceGetMemoryInfo(void *handle, memory_t *memory) {
    gpu_t *gpu = of(handle);
    memory->total = memory->free = gpu->mib << 20;
    memory->used = 0;
    return answer(gpu);
}

int nvmlDeviceGetMigMode(void *handle, unsigned *current, unsigned *pending) {
    *current = *pending = !strcmp(of(handle)->state, "mig");
    return strstr(of(handle)->name, "A100") || *current ? SUCCESS : NOT_SUPPORTED;
}

int nvmlEventSetCreate(void **set) { *set = (void *)1; memset(said, 0, sizeof said); return SUCCESS; }
int nvmlEventSetFree(void *set) { (void)set; return SUCCESS; }

int nvmlDeviceRegisterEvents(void *handle, unsigned long long types, void *set) {
    (void)types, (void)set;
    said[(size_t)handle - 1] = of(handle)->xid; /* what happened before is not told */
    return SUCCESS;
}

int nvmlEventSetWait_v2(void *set, event_t *event, unsigned milliseconds) {
    (void)set, (void)milliseconds;
    unsigned count = load();
    for (unsigned index = 0; index < count; index++)
        if (gpus[index].xid != said[index]) {
            said[index] = event->data = gpus[index].xid;
            event->device = (void *)(size_t)(index + 1);
            event->type = 8;
            return SUCCESS;
        }
    return TIMEOUT;
}
