/* One inference, marked for whoever watches: every transport runs the model through here. */
#ifndef TK_RUN_H
#define TK_RUN_H

#include <stdint.h>

/* Run the model between two edges of the marker pin. Returns timer ticks from before tk_invoke to after it. */
uint32_t tk_run(void);

#endif
