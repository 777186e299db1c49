#include "wire.h"

const struct tk_wire_end tk_wire_inputs[] = {TK_WIRE_INPUTS};
const struct tk_wire_end tk_wire_outputs[] = {TK_WIRE_OUTPUTS};
