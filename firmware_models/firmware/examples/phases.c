/* An application that runs by itself and shows its phases on three pins: what anybody's firmware may look like.
 * It needs the GPIO of Arm's MPS2, and so the emulated boards: tinykit emulate --example phases. */
#include "board.h"
#include "tk_port.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define DATAOUT REGISTER(TK_MARKER_BASE + 0x04u)
#define OUTENSET REGISTER(TK_MARKER_BASE + 0x10u)

/* The meter's D0 is wired to the marker's pin, D1 to the next one, and so on. */
#define TK_MARK_PIN0 (TK_MARKER_PIN + 0u)
#define TK_MARK_PIN1 (TK_MARKER_PIN + 1u)
#define TK_MARK_PIN2 (TK_MARKER_PIN + 2u)
#define TK_MARK_SETUP(pin) (OUTENSET = 1u << (pin))
#define TK_MARK_WRITE(pin, high) (DATAOUT = (high) ? DATAOUT | 1u << (pin) : DATAOUT & ~(1u << (pin)))
#include "tk_mark.h"

/* Neighbours differ in one pin, but for the way back from SLEEP to SENSE. */
enum { NOTHING = 0, SENSE = 1, PREPARE = 3, INFER = 2, RADIO = 6, SLEEP = 4 };

#define SAMPLES 256u
#define REPORT_BYTES 96u

int main(void);
void tk_fault(uint32_t pc, uint32_t lr, uint32_t status, uint32_t address);

void tk_fault(uint32_t pc, uint32_t lr, uint32_t status, uint32_t address)
{
    (void)pc;
    (void)lr;
    (void)status;
    (void)address;
    for (;;) {
        tk_idle_ms(1000u);
    }
}

static int32_t sample[SAMPLES];
static int32_t weight[SAMPLES];
static volatile int32_t result;

static void sense(uint32_t turn)
{
    for (uint32_t block = 0; block < 4u; block++) {
        tk_idle_ms(2u); /* the converter fills its buffer, the core waits */
        for (uint32_t i = 0; i < SAMPLES / 4u; i++) {
            sample[block * (SAMPLES / 4u) + i] = (int32_t)((i * 2654435761u + turn) >> 20);
        }
    }
}

static void prepare(void)
{
    for (uint32_t pass = 0; pass < 40u; pass++) {
        for (uint32_t i = 1; i < SAMPLES; i++) {
            sample[i] = (3 * sample[i] + sample[i - 1u]) / 4;
        }
    }
}

static void infer(void)
{
    int32_t sum = 0;
    for (uint32_t pass = 0; pass < 900u; pass++) {
        for (uint32_t i = 0; i < SAMPLES; i++) {
            sum += sample[i] * weight[i];
        }
        weight[pass % SAMPLES] ^= (int32_t)pass;
    }
    result = sum;
}

static void transmit(void)
{
    for (uint32_t i = 0; i < REPORT_BYTES; i++) {
        tk_uart_put((uint8_t)('a' + i % 26u));
    }
    tk_uart_flush();
}

int main(void)
{
    tk_port_init();
    tk_mark_init();
    for (uint32_t turn = 0;; turn++) {
        tk_mark_phase(SENSE);
        sense(turn);
        tk_mark_phase(PREPARE);
        prepare();
        tk_mark_phase(INFER);
        infer();
        tk_mark_phase(RADIO);
        transmit();
        tk_mark_phase(NOTHING);
        tk_idle_ms(1u); /* what nobody thought of marking */
        tk_mark_phase(SLEEP);
        tk_sleep_ms(80u);
    }
}
