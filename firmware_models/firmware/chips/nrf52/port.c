/* nRF52840 (Product Specification v1.7; 52832 and 52833 have the same registers here): UART (6.33), TIMER (6.30), RTC
 * (6.22), GPIO (6.9), CLOCK (5.4). The UART without DMA: byte by byte is what the dialect needs. */
#include "tk_port.h"

#include "board.h"
#include "core.h"

#define CLOCK(offset) TK_REGISTER(0x40000000u + (offset))
#define CLOCK_HFCLKSTART CLOCK(0x000u)
#define CLOCK_HFCLKSTOP CLOCK(0x004u)
#define CLOCK_LFCLKSTART CLOCK(0x008u)
#define CLOCK_HFCLKSTARTED 0x40000100u
#define CLOCK_LFCLKSTARTED 0x40000104u
#define CLOCK_LFCLKSRC CLOCK(0x518u) /* 0 RC, 1 crystal */
#define NVMC_ICACHECNF TK_REGISTER(0x4001E540u)

#define GPIO(port, offset) TK_REGISTER(0x50000000u + 0x300u * (port) + (offset))
#define GPIO_OUTSET 0x508u
#define GPIO_OUTCLR 0x50Cu
#define GPIO_PIN_CNF(pin) (0x700u + 4u * (pin))
#define PIN_OUTPUT 3u /* driven, input buffer off */
#define PIN_INPUT_PULLED_UP (3u << 2)
#define MARKER_PORT ((TK_MARKER_BASE - 0x50000000u) / 0x300u)

#define UART(offset) TK_REGISTER(TK_UART_BASE + (offset))
#define UART_STARTRX UART(0x000u)
#define UART_STARTTX UART(0x008u)
#define UART_SUSPEND UART(0x01Cu)
#define UART_RXDRDY UART(0x108u)
#define UART_TXDRDY UART(0x11Cu)
#define UART_INTENSET UART(0x304u)
#define UART_INT_RXDRDY (1u << 2)
#define UART_ENABLE UART(0x500u)
#define UART_PSELRTS UART(0x508u)
#define UART_PSELTXD UART(0x50Cu)
#define UART_PSELCTS UART(0x510u)
#define UART_PSELRXD UART(0x514u)
#define UART_RXD UART(0x518u)
#define UART_TXD UART(0x51Cu)
#define UART_BAUDRATE UART(0x524u)
#define UART_CONFIG UART(0x56Cu)
#define DISCONNECTED 0xFFFFFFFFu
#define RX_FIFO_BYTES 6u

#define TIMER(offset) TK_REGISTER(TK_TIMER_BASE + (offset))
#define TIMER_START TIMER(0x000u)
#define TIMER_CLEAR TIMER(0x00Cu)
#define TIMER_SHUTDOWN TIMER(0x010u)
#define TIMER_CAPTURE(n) TIMER(0x040u + 4u * (n))
#define TIMER_COMPARE(n) TIMER(0x140u + 4u * (n))
#define TIMER_INTENSET TIMER(0x304u)
#define TIMER_INTENCLR TIMER(0x308u)
#define TIMER_MODE TIMER(0x504u)
#define TIMER_BITMODE TIMER(0x508u)
#define TIMER_PRESCALER TIMER(0x510u)
#define TIMER_CC(n) TIMER(0x540u + 4u * (n))
#define TIMER_INT_WAKE (1u << 17)

#define RTC1(offset) TK_REGISTER(0x40011000u + (offset))
#define RTC1_START RTC1(0x000u)
#define RTC1_STOP RTC1(0x004u)
#define RTC1_CLEAR RTC1(0x008u)
#define RTC1_COMPARE0 RTC1(0x140u)
#define RTC1_INTENSET RTC1(0x304u)
#define RTC1_INTENCLR RTC1(0x308u)
#define RTC1_EVTENSET RTC1(0x344u)
#define RTC1_PRESCALER RTC1(0x508u)
#define RTC1_CC0 RTC1(0x540u)
#define RTC1_INT_COMPARE0 (1u << 16)
#define RTC1_IRQ 17u

/* Looks of about ten cycles: the 32 MHz crystal takes 0.4 ms, the 32 kHz one a quarter of a second. */
#define HFXO_LOOKS 100000u
#define LFXO_LOOKS 6400000u

#if TK_CLOCK_HZ != 64000000u
#error "clock_hz must be 64 MHz"
#endif
#if TK_TIMER_HZ == 16000000u
#define PRESCALER 0u
#elif TK_TIMER_HZ == 8000000u
#define PRESCALER 1u
#elif TK_TIMER_HZ == 4000000u
#define PRESCALER 2u
#elif TK_TIMER_HZ == 1000000u
#define PRESCALER 4u
#else
#error "the timer's clock_hz must be 16, 8, 4 or 1 MHz"
#endif

/* 6.33.6: the nominal divider of 16 MHz in 2^-32, of which the UART takes the upper 20 bits. */
#define BAUD_DIVIDER ((uint32_t)(((((uint64_t)TK_UART_BAUD << 32) / 16000000u) + 0x800u) & 0xFFFFF000u))

/* What tk_timer_now adds to the hardware's count, which sleeping starts again from 0. */
static uint32_t timer_base;
static int sending;

static void timer_start(void)
{
    TIMER_MODE = 0;
    TIMER_BITMODE = 3u; /* 32 bits */
    TIMER_PRESCALER = PRESCALER;
    TIMER_CLEAR = 1u;
    TIMER_START = 1u;
}

void tk_uart_power(int on)
{
    tk_irq_disable(TK_UART_IRQ);
    sending = 0;
    GPIO(TK_UART_TX_PORT, GPIO_OUTSET) = 1u << TK_UART_TX_PIN;
    GPIO(TK_UART_RX_PORT, GPIO_PIN_CNF(TK_UART_RX_PIN)) = PIN_INPUT_PULLED_UP;
    if (!on) {
        /* Pulled up, not driven: the line idles high and feeds nobody. */
        GPIO(TK_UART_TX_PORT, GPIO_PIN_CNF(TK_UART_TX_PIN)) = PIN_INPUT_PULLED_UP;
        UART_SUSPEND = 1u;
        UART_ENABLE = 0;
        return;
    }
    GPIO(TK_UART_TX_PORT, GPIO_PIN_CNF(TK_UART_TX_PIN)) = PIN_OUTPUT;
    UART_PSELTXD = TK_UART_TX_PIN | (TK_UART_TX_PORT << 5);
    UART_PSELRXD = TK_UART_RX_PIN | (TK_UART_RX_PORT << 5);
    UART_PSELRTS = DISCONNECTED;
    UART_PSELCTS = DISCONNECTED;
    UART_CONFIG = 0; /* no parity, one stop bit, no flow control */
    UART_BAUDRATE = BAUD_DIVIDER;
    UART_ENABLE = 4u;
    UART_TXDRDY = 0;
    UART_STARTTX = 1u;
    UART_STARTRX = 1u;
    for (uint32_t n = 0; n < RX_FIFO_BYTES; n++) {
        (void)UART_RXD;
    }
    UART_RXDRDY = 0;
    UART_INTENSET = UART_INT_RXDRDY;
    tk_irq_clear(TK_UART_IRQ);
    tk_irq_enable(TK_UART_IRQ);
}

void tk_port_init(void)
{
    NVMC_ICACHECNF = 1u;
    TK_REGISTER(CLOCK_HFCLKSTARTED) = 0;
    CLOCK_HFCLKSTART = 1u;
    /* Without its crystal the clock is still 64 MHz, to some per cent; the timer then is no better. */
    (void)tk_await(CLOCK_HFCLKSTARTED, 1u, 1u, HFXO_LOOKS);
    CLOCK_LFCLKSRC = TK_LOW_SPEED_CRYSTAL;
    CLOCK_LFCLKSTART = 1u;
    timer_start();
    tk_mark(0);
    GPIO(MARKER_PORT, GPIO_PIN_CNF(TK_MARKER_PIN)) = PIN_OUTPUT;
    tk_uart_power(1);
}

uint32_t tk_clock_hz(void)
{
    return TK_CLOCK_HZ;
}

static void wait_until_sent(void)
{
    if (sending) {
        while (UART_TXDRDY == 0u) {
        }
        sending = 0;
    }
}

void tk_uart_put(uint8_t byte)
{
    wait_until_sent();
    UART_TXDRDY = 0;
    UART_TXD = byte;
    sending = 1;
}

int tk_uart_get(void)
{
    if (UART_RXDRDY == 0u) {
        return -1;
    }
    UART_RXDRDY = 0; /* before the read, which brings the next byte and its event */
    return (int)(UART_RXD & 0xFFu);
}

void tk_uart_flush(void)
{
    wait_until_sent();
}

uint32_t tk_timer_now(void)
{
    TIMER_CAPTURE(0u) = 1u;
    return timer_base + TIMER_CC(0u);
}

void tk_mark(int high)
{
    const int set = (high != 0) == (TK_MARKER_ACTIVE_HIGH != 0);
    GPIO(MARKER_PORT, set ? GPIO_OUTSET : GPIO_OUTCLR) = 1u << TK_MARKER_PIN;
}

void tk_wait(void)
{
    if (UART_RXDRDY == 0u) {
        tk_wfi();
    }
    tk_irq_clear(TK_UART_IRQ);
}

static void wait_ticks(uint32_t ticks)
{
    TIMER_CAPTURE(0u) = 1u;
    TIMER_CC(1u) = TIMER_CC(0u) + ticks;
    TIMER_COMPARE(1u) = 0;
    while (TIMER_COMPARE(1u) == 0u) {
        tk_wfi();
        tk_irq_clear(TK_TIMER_IRQ);
    }
}

void tk_idle_ms(uint32_t ms)
{
    tk_irq_disable(TK_UART_IRQ); /* a byte on the line must not keep the core awake */
    TIMER_INTENSET = TIMER_INT_WAKE;
    tk_irq_enable(TK_TIMER_IRQ);
    for (; ms > 1000u; ms -= 1000u) {
        wait_ticks(TK_TIMER_HZ);
    }
    if (ms > 0u) {
        wait_ticks(TK_TIMER_HZ / 1000u * ms);
    }
    tk_irq_disable(TK_TIMER_IRQ);
    TIMER_INTENCLR = TIMER_INT_WAKE;
    TIMER_COMPARE(1u) = 0;
    tk_irq_clear(TK_TIMER_IRQ);
    tk_irq_enable(TK_UART_IRQ);
}

/* 32768 Hz and 24 bits: 512 s. The counter starts some cycles of its clock late. */
static void rtc_sleep(uint32_t ms)
{
    RTC1_STOP = 1u;
    RTC1_CLEAR = 1u;
    RTC1_PRESCALER = 0;
    RTC1_COMPARE0 = 0;
    RTC1_CC0 = (uint32_t)((uint64_t)ms * 32768u / 1000u) + 1u;
    RTC1_EVTENSET = RTC1_INT_COMPARE0;
    RTC1_INTENSET = RTC1_INT_COMPARE0;
    tk_irq_clear(RTC1_IRQ);
    tk_irq_enable(RTC1_IRQ);
    RTC1_START = 1u;
    while (RTC1_COMPARE0 == 0u) {
        tk_wfi();
        tk_irq_clear(RTC1_IRQ);
    }
    tk_irq_disable(RTC1_IRQ);
    RTC1_INTENCLR = RTC1_INT_COMPARE0;
    RTC1_COMPARE0 = 0;
    RTC1_STOP = 1u;
}

/* System ON with neither the 64 MHz clock nor the timer: System OFF would end in a reset. */
void tk_sleep_ms(uint32_t ms)
{
    tk_uart_power(0);
    if (ms == 0u || !tk_await(CLOCK_LFCLKSTARTED, 1u, 1u, LFXO_LOOKS)) {
        tk_idle_ms(ms);
        tk_uart_power(1);
        return;
    }
    timer_base = tk_timer_now() + ms * (TK_TIMER_HZ / 1000u);
    TIMER_SHUTDOWN = 1u; /* STOP alone leaves the timer drawing current (errata, anomaly 78) */
    CLOCK_HFCLKSTOP = 1u;
    rtc_sleep(ms);
    TK_REGISTER(CLOCK_HFCLKSTARTED) = 0;
    CLOCK_HFCLKSTART = 1u;
    (void)tk_await(CLOCK_HFCLKSTARTED, 1u, 1u, HFXO_LOOKS);
    timer_start();
    tk_uart_power(1);
}

int tk_debugger_attached(void)
{
    return tk_core_debugged();
}
