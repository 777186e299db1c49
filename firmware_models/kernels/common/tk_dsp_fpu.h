/* For assembly that keeps numbers in the registers of a single-precision FPU beside the DSP extension. */
#ifndef TK_DSP_FPU_H
#define TK_DSP_FPU_H

#if !defined(__ARM_FEATURE_DSP) || !defined(__ARM_FP) || !(__ARM_FP & 4)
#error "This kernel needs Armv7E-M's DSP extension and a single-precision FPU: build the model for a board without them."
#endif

#endif
