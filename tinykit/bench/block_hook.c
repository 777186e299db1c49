/* Counts what an emulated core executes, one call a translated block. Loaded beside unicorn, which is not linked:
 * the address of its stop function comes in the struct. Must agree with _python_hook in counter.py. */
#include <stdint.h>

struct cost {
    uint32_t size; /* of the block in bytes; 0: not known yet */
    uint16_t instructions;
    uint16_t cycles; /* the least it takes, taken branch apart */
    uint16_t spread; /* how many more it may take */
    uint16_t bucket; /* 0: stays in the caller's, else the bucket's number + 1 */
};

struct tally {
    uint64_t instructions, cycles, spread, taken;
};

struct counter {
    uint64_t half_cycles; /* the clock: twice the cycles of the model's middle */
    uint64_t deadline;    /* in half cycles */
    uint64_t expected;    /* where the block before ended */
    uint64_t base, halfwords;
    uint64_t taken_half_cycles; /* what a taken branch adds to the clock */
    uint64_t bucket;
    uint64_t stopped; /* at the deadline, and not by the program */
    struct cost *costs;
    struct tally *tallies;
    int32_t (*learn)(uint64_t address, uint32_t size); /* fills in costs; nonzero: the block must not run */
    int32_t (*stop)(void *emulator);
};

#if defined(_WIN32)
__declspec(dllexport)
#endif
void tk_block_hook(void *emulator, uint64_t address, uint32_t size, void *user)
{
    struct counter *c = user;
    /* Before charging: a stopped block has not run, and comes again when the emulator goes on. */
    if (c->half_cycles >= c->deadline) {
        c->stopped = 1;
        c->stop(emulator);
        return;
    }
    const uint64_t at = (address - c->base) >> 1;
    if (at >= c->halfwords || c->costs[at].size != size) {
        if (c->learn(address, size) != 0) {
            c->stop(emulator);
            return;
        }
    }
    const struct cost *cost = &c->costs[at];
    if (cost->bucket != 0) {
        c->bucket = cost->bucket - 1u;
    }
    struct tally *tally = &c->tallies[c->bucket];
    const uint64_t taken = address != c->expected;
    tally->instructions += cost->instructions;
    tally->cycles += cost->cycles;
    tally->spread += cost->spread;
    tally->taken += taken;
    c->half_cycles += 2u * cost->cycles + cost->spread + taken * c->taken_half_cycles;
    c->expected = address + size;
}
