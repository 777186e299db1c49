/* GPIO, alike in every STM32 but the first; ``chip.h`` says where it is and how its clock is let through. */
#ifndef TK_PINS_H
#define TK_PINS_H

#include "chip.h"
#include "core.h"

#define TK_GPIO(port, offset) TK_REGISTER(TK_GPIO_BASE + 0x400u * (port) + (offset))
#define TK_GPIO_MODER 0x00u
#define TK_GPIO_OSPEEDR 0x08u
#define TK_GPIO_PUPDR 0x0Cu
#define TK_GPIO_BSRR 0x18u
#define TK_GPIO_AFR 0x20u

enum { TK_PIN_INPUT, TK_PIN_OUTPUT, TK_PIN_ALTERNATE };

static inline void tk_pin_field(uint32_t port, uint32_t offset, uint32_t at, uint32_t bits, uint32_t value)
{
    const uint32_t mask = ((1u << bits) - 1u) << at;
    TK_GPIO(port, offset) = (TK_GPIO(port, offset) & ~mask) | (value << at);
}

static inline void tk_pin_mode(uint32_t port, uint32_t pin, uint32_t mode)
{
    TK_GPIO_GATE |= 1u << port;
    (void)TK_GPIO_GATE; /* the gate opens two cycles after the write */
    tk_pin_field(port, TK_GPIO_MODER, 2u * pin, 2u, mode);
}

/* A pin of a UART: pulled up, because an idle line is high, driven or not. */
static inline void tk_pin_uart(uint32_t port, uint32_t pin, uint32_t function, uint32_t mode)
{
    tk_pin_mode(port, pin, TK_PIN_INPUT);
    tk_pin_field(port, TK_GPIO_PUPDR, 2u * pin, 2u, 1u);
    tk_pin_field(port, TK_GPIO_AFR + 4u * (pin / 8u), 4u * (pin % 8u), 4u, function);
    tk_pin_mode(port, pin, mode);
}

static inline void tk_pin_set(uint32_t port, uint32_t pin, int high)
{
    TK_GPIO(port, TK_GPIO_BSRR) = 1u << (high ? pin : pin + 16u);
}

#endif
