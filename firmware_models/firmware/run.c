#include "run.h"

#include "model.h"
#include "tk_port.h"

uint32_t tk_run(void)
{
    tk_mark(1);
    const uint32_t start = tk_timer_now();
    tk_invoke();
    const uint32_t end = tk_timer_now();
    tk_mark(0);
    return end - start;
}
