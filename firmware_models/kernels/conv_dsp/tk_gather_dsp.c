/* Written in assembly for STM: compilers store these words one by one. */
#include "tk_gather_dsp.h"

#define BEGIN(name)                                           \
    ".syntax unified\n"                                       \
    ".thumb\n"                                                \
    ".pushsection .text." name ", \"ax\", %progbits\n"        \
    ".p2align 2\n"                                            \
    ".globl " name "\n"                                       \
    ".type " name ", %function\n"                             \
    ".thumb_func\n" name ":\n"
#define END(name) ".size " name ", . - " name "\n.popsection\n"

__asm__(
    BEGIN("tk_gather_4")
    "push {r4-r11, lr}\n"
    "mov r5, r2\n"
    "ldmia r1, {r1-r4}\n"
    "add lr, r1, r5\n"
    "1:\n"
    "ldr.w r9, [r1], #4\n"
    "ldr.w r10, [r2], #4\n"
    "ldr.w r11, [r3], #4\n"
    "ldr.w r12, [r4], #4\n"
    "sxtb16 r5, r9\n"
    "sxtb16 r6, r10\n"
    "sxtb16 r7, r11\n"
    "sxtb16 r8, r12\n"
    "stmia.w r0!, {r5-r8}\n"
    "sxtb16 r9, r9, ror #8\n"
    "sxtb16 r10, r10, ror #8\n"
    "sxtb16 r11, r11, ror #8\n"
    "sxtb16 r12, r12, ror #8\n"
    "stmia.w r0!, {r9-r12}\n"
    "cmp r1, lr\n"
    "bne 1b\n"
    "pop {r4-r11, pc}\n"
    END("tk_gather_4"));

__asm__(
    BEGIN("tk_gather_slide")
    "push {r4-r11, lr}\n"
    "vmov s0, r2\n"
    "add r2, r2, r1\n"
    "vmov s1, r2\n"
    "1:\n"
    "vmov r2, s0\n"
    "add.w r3, r1, r2, lsl #1\n"
    "ldr.w r9, [r1, r2]\n"
    "ldr.w r10, [r3]\n"
    "ldr.w r11, [r3, r2]\n"
    "ldr.w r12, [r3, r2, lsl #1]\n"
    "add.w r3, r3, r2, lsl #1\n"
    "ldr.w lr, [r3, r2]\n"
    "ldr.w r8, [r1], #4\n"
    "sxtb16 r2, r8\n"
    "sxtb16 r3, r9\n"
    "sxtb16 r4, r10\n"
    "sxtb16 r5, r11\n"
    "sxtb16 r6, r12\n"
    "sxtb16 r7, lr\n"
    "stmia.w r0!, {r2-r5}\n"
    "stmia.w r0!, {r3-r6}\n"
    "stmia.w r0!, {r4-r7}\n"
    "sxtb16 r8, r8, ror #8\n"
    "sxtb16 r9, r9, ror #8\n"
    "sxtb16 r10, r10, ror #8\n"
    "sxtb16 r11, r11, ror #8\n"
    "sxtb16 r12, r12, ror #8\n"
    "sxtb16 lr, lr, ror #8\n"
    "stmia.w r0!, {r8-r11}\n"
    "stmia.w r0!, {r9-r12}\n"
    "stmia.w r0!, {r10-r12, lr}\n"
    "vmov r2, s1\n"
    "cmp r1, r2\n"
    "bne 1b\n"
    "pop {r4-r11, pc}\n"
    END("tk_gather_slide"));
