/* Written in assembly: six words of weights, four sums, two words of inputs and two pointers fill all registers;
 * the rest waits in the FPU's. Compilers keep it on the stack and need twice the instructions.
 *
 * r0-r5 weights, r6-r9 sums, r10 r11 inputs, r12 plane, lr output. s0 s1 bias twice, s2 multiplier, s3 addend,
 * s4 shift, s5 step, s6 end of blocks, s7 plane row, s8 output row, s9 advance, s10 row step, s11 rows left,
 * s12 bytes of blocks, s13 tail. Kernel rows go 1, 2, 0, so that the last load moves the pointer on. */
#include "tk_depthwise_plane.h"

#define LOAD2(offset) "ldrd r10, r11, [r12, #" offset "]\n"
#define LOAD2_NEXT(bytes) "ldrd r10, r11, [r12], #" bytes "\n"
#define LOAD(register, offset) "ldr.w " register ", [r12, #" offset "]\n"

/* sum += the first two weights . x0, the third . low half of x1 */
#define EVEN(sum, w, w1, x0, x1) "smlad " sum ", " w ", " x0 ", " sum "\n smlatb " sum ", " w1 ", " x1 ", " sum "\n"
/* sum += the first . high half of x0, the other two . x1 */
#define ODD(sum, w, w1, x0, x1) "smlabt " sum ", " w ", " x0 ", " sum "\n smlad " sum ", " w1 ", " x1 ", " sum "\n"

#define SCALE(sum) "smmla " sum ", " sum ", r10, r11\n"
/* High word to byte, by the channel's own shift or by one that all channels have. */
#define BY_OWN(sum) "asr.w " sum ", " sum ", r10\n ssat " sum ", #8, " sum "\n"
#define BY(sum, shift) "ssat " sum ", #8, " sum ", asr #" shift "\n"
#define BY_12(sum) BY(sum, "12")
#define BY_13(sum) BY(sum, "13")
#define BY_14(sum) BY(sum, "14")
#define BY_15(sum) BY(sum, "15")
#define BY_16(sum) BY(sum, "16")
#define BY_17(sum) BY(sum, "17")
#define BY_18(sum) BY(sum, "18")
#define BY_19(sum) BY(sum, "19")
#define BY_20(sum) BY(sum, "20")
#define STORE2(a, b) "strb.w " a ", [lr]\n strb.w " b ", [lr, r11]\n add.w lr, lr, r11, lsl #1\n"

#define STRIDE1_ROW4(load, w, w1, offset)                                                   \
    load EVEN("r6", w, w1, "r10", "r11") ODD("r7", w, w1, "r10", "r11") LOAD("r10", offset) \
    EVEN("r8", w, w1, "r11", "r10") ODD("r9", w, w1, "r11", "r10")
#define STRIDE1_ROW2(load, w, w1)                                                   \
    load EVEN("r6", w, w1, "r10", "r11") ODD("r7", w, w1, "r10", "r11")

#define STRIDE2_ROW4(load, w, w1, offset, offset2)                                          \
    load EVEN("r6", w, w1, "r10", "r11") "smlad r7, " w ", r11, r7\n"                       \
    LOAD2(offset) "smlatb r7, " w1 ", r10, r7\n" EVEN("r8", w, w1, "r10", "r11")            \
    "smlad r9, " w ", r11, r9\n" LOAD("r10", offset2) "smlatb r9, " w1 ", r10, r9\n"
#define STRIDE2_ROW2(load, w, w1, offset)                                                   \
    load EVEN("r6", w, w1, "r10", "r11") "smlad r7, " w ", r11, r7\n" LOAD("r10", offset)   \
    "smlatb r7, " w1 ", r10, r7\n"

#define ROW1(load, w, w1) load EVEN("r6", w, w1, "r10", "r11")

#define PLANE(name, BYTE, BLOCK, TWO)                                                       \
    __asm__(".syntax unified\n"                                                             \
            ".thumb\n"                                                                      \
            ".pushsection .text." name ", \"ax\", %progbits\n"                              \
            ".p2align 2\n"                                                                  \
            ".globl " name "\n"                                                             \
            ".type " name ", %function\n"                                                   \
            ".thumb_func\n"                                                                 \
            name ":\n"                                                                      \
            "push {r4-r11, lr}\n"                                                           \
            "vmov s7, r0\n"                                                                 \
            "vmov s8, r1\n"                                                                 \
            "ldmia r3, {r4-r9}\n"                                                           \
            "vmov s11, r4\n"                                                                \
            "vmov s12, r5\n"                                                                \
            "vmov s13, r6\n"                                                                \
            "vmov s5, r7\n"                                                                 \
            "vmov s10, r8\n"                                                                \
            "vmov s9, r9\n"                                                                 \
            "vldr s0, [r2, #24]\n"                                                          \
            "vldr s1, [r2, #24]\n"                                                          \
            "vldr s2, [r2, #28]\n"                                                          \
            "vldr s3, [r2, #32]\n"                                                          \
            "vldr s4, [r2, #36]\n"                                                          \
            "ldmia r2, {r0-r5}\n"                                                           \
            "1:\n"                                                                          \
            "vmov r12, lr, s7, s8\n"                                                        \
            "vmov r10, s12\n"                                                               \
            "cmp r10, #0\n"                                                                 \
            "beq.w 3f\n"                                                                    \
            "add.w r10, r10, r12\n"                                                         \
            "vmov s6, r10\n"                                                                \
            "2:\n"                                                                          \
            "vmov r6, r7, s0, s1\n"                                                         \
            "vmov r8, r9, s0, s1\n"                                                         \
            BLOCK                                                                           \
            "vmov r10, r11, s2, s3\n"                                                       \
            SCALE("r6") SCALE("r7") SCALE("r8") SCALE("r9")                                 \
            "vmov r10, r11, s4, s5\n"                                                       \
            BYTE("r6") BYTE("r7") BYTE("r8") BYTE("r9") STORE2("r6", "r7") STORE2("r8", "r9") \
            "vmov r10, s6\n"                                                                \
            "cmp r12, r10\n"                                                                \
            "bne.w 2b\n"                                                                    \
            "3:\n"                                                                          \
            "vmov r9, s13\n"                                                                \
            "cmp r9, #2\n"                                                                  \
            "blo.w 4f\n"                                                                    \
            "vmov r6, r7, s0, s1\n"                                                         \
            TWO                                                                             \
            "vmov r10, r11, s2, s3\n"                                                       \
            SCALE("r6") SCALE("r7")                                                         \
            "vmov r10, r11, s4, s5\n"                                                       \
            BYTE("r6") BYTE("r7") STORE2("r6", "r7")                                        \
            "subs r9, r9, #2\n"                                                             \
            "4:\n"                                                                          \
            "cmp r9, #0\n"                                                                  \
            "beq 5f\n"                                                                      \
            "vmov r6, s0\n"                                                                 \
            ROW1(LOAD2("128"), "r2", "r3") ROW1(LOAD2("256"), "r4", "r5") ROW1(LOAD2("0"), "r0", "r1") \
            "vmov r10, r11, s2, s3\n"                                                       \
            SCALE("r6")                                                                     \
            "vmov r10, s4\n"                                                                \
            BYTE("r6")                                                                      \
            "strb.w r6, [lr]\n"                                                             \
            "5:\n"                                                                          \
            "vmov r10, r11, s7, s8\n"                                                       \
            "vmov r6, r7, s9, s10\n"                                                        \
            "add r10, r10, r6\n"                                                            \
            "add r11, r11, r7\n"                                                            \
            "vmov s7, s8, r10, r11\n"                                                       \
            "vmov r10, s11\n"                                                               \
            "subs r10, r10, #1\n"                                                           \
            "vmov s11, r10\n"                                                               \
            "bne.w 1b\n"                                                                    \
            "pop {r4-r11, pc}\n"                                                            \
            ".size " name ", . - " name "\n"                                                \
            ".popsection\n")

#define STRIDE1(name, BYTE)                                                                 \
    PLANE(name, BYTE,                                                                       \
          STRIDE1_ROW4(LOAD2("128"), "r2", "r3", "136")                                     \
          STRIDE1_ROW4(LOAD2("256"), "r4", "r5", "264")                                     \
          STRIDE1_ROW4(LOAD2_NEXT("8"), "r0", "r1", "0"),                                   \
          STRIDE1_ROW2(LOAD2("128"), "r2", "r3")                                            \
          STRIDE1_ROW2(LOAD2("256"), "r4", "r5")                                            \
          STRIDE1_ROW2(LOAD2_NEXT("4"), "r0", "r1"))

#define STRIDE2(name, BYTE)                                                                 \
    PLANE(name, BYTE,                                                                       \
          STRIDE2_ROW4(LOAD2("128"), "r2", "r3", "136", "144")                              \
          STRIDE2_ROW4(LOAD2("256"), "r4", "r5", "264", "272")                              \
          STRIDE2_ROW4(LOAD2_NEXT("16"), "r0", "r1", "-8", "0"),                            \
          STRIDE2_ROW2(LOAD2("128"), "r2", "r3", "136")                                     \
          STRIDE2_ROW2(LOAD2("256"), "r4", "r5", "264")                                     \
          STRIDE2_ROW2(LOAD2_NEXT("8"), "r0", "r1", "0"))

/* Each is a section of its own: the linker keeps those that a model uses. */
STRIDE1("tk_plane_stride1", BY_OWN);
STRIDE1("tk_plane_stride1_12", BY_12);
STRIDE1("tk_plane_stride1_13", BY_13);
STRIDE1("tk_plane_stride1_14", BY_14);
STRIDE1("tk_plane_stride1_15", BY_15);
STRIDE1("tk_plane_stride1_16", BY_16);
STRIDE1("tk_plane_stride1_17", BY_17);
STRIDE1("tk_plane_stride1_18", BY_18);
STRIDE1("tk_plane_stride1_19", BY_19);
STRIDE1("tk_plane_stride1_20", BY_20);
STRIDE2("tk_plane_stride2", BY_OWN);

#define GATHER4                                                                 \
    "ldrsb.w r10, [r8]\n"                                                                   \
    "ldrsb.w r11, [r8, r6]\n"                                                               \
    "ldrsb.w r12, [r8, r6, lsl #1]\n"                                                       \
    "ldrsb.w lr, [r8, r2]\n"                                                                \
    "add.w r8, r8, r6, lsl #2\n"                                                            \
    "strh.w r11, [r9, #2]\n"                                                                \
    "strh.w r12, [r9, #4]\n"                                                                \
    "strh.w lr, [r9, #6]\n"                                                                 \
    "strh.w r10, [r9], #8\n"

/* r0 image row, r1 plane row, r2 three steps, r3 rows, r4 columns, r5 row step, r6 step; r8 r9 walk, r7 counts. */
__asm__(".syntax unified\n"
        ".thumb\n"
        ".pushsection .text.tk_plane_gather, \"ax\", %progbits\n"
        ".p2align 2\n"
        ".globl tk_plane_gather\n"
        ".type tk_plane_gather, %function\n"
        ".thumb_func\n"
        "tk_plane_gather:\n"
        "push {r4-r11, lr}\n"
        "ldmia r2, {r3-r6}\n"
        "add.w r2, r6, r6, lsl #1\n"
        "1:\n"
        "mov r8, r0\n"
        "mov r9, r1\n"
        "subs r7, r4, #8\n"
        "blt.w 3f\n"
        "2:\n" GATHER4 GATHER4
        "subs r7, r7, #8\n"
        "bge.w 2b\n"
        "3:\n"
        "adds r7, r7, #4\n"
        "blt.w 4f\n" GATHER4
        "subs r7, r7, #4\n"
        "4:\n"
        "adds r7, r7, #4\n"
        "beq.w 6f\n"
        "5:\n"
        "ldrsb.w r10, [r8]\n"
        "add r8, r8, r6\n"
        "strh.w r10, [r9], #2\n"
        "subs r7, r7, #1\n"
        "bne.w 5b\n"
        "6:\n"
        "add r0, r0, r5\n"
        "adds r1, r1, #128\n"
        "subs r3, r3, #1\n"
        "bne.w 1b\n"
        "pop {r4-r11, pc}\n"
        ".size tk_plane_gather, . - tk_plane_gather\n"
        ".popsection\n");
