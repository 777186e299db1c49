"""Minimal stand-ins for the platforms that tk_mark.h knows: the names and types it uses, each call noted.

Written from the platforms' public documentation. ``note(what, pin, value)`` is the test program's.
"""

from __future__ import annotations

from dataclasses import dataclass

_GUARD = "#pragma once\n#include <stdint.h>\n"


@dataclass(frozen=True)
class Platform:
    """``flag`` is what the platform's own build defines; ``first`` is C before the include of tk_mark.h.

    ``pin`` is its way to write pin number %d; ``setup`` what making it an output notes, %d the pin.
    """

    flag: str
    pin: str
    files: dict[str, str]
    first: str = ""
    setup: str = "output %d 1"


PLATFORMS = {
    "arduino": Platform(
        "ARDUINO=10819",
        "%d",
        {
            "Arduino.h": _GUARD
            + """
            #define OUTPUT 1
            #define LOW 0
            #define HIGH 1
            static inline void pinMode(uint8_t pin, uint8_t mode) { note("output", pin, mode); }
            static inline void digitalWrite(uint8_t pin, uint8_t value) { note("write", pin, value); }
            """
        },
    ),
    "zephyr": Platform(
        "__ZEPHYR__=1",
        "DT_ALIAS(tk_mark%d)",
        {
            "zephyr/drivers/gpio.h": _GUARD
            + """
            struct gpio_dt_spec { const void *port; uint8_t pin; uint16_t dt_flags; };
            #define DT_ALIAS(name) alias_##name
            #define GPIO_DT_SPEC_GET(node, property) { 0, node##_##property, 0 }
            enum { alias_tk_mark0_gpios, alias_tk_mark1_gpios, alias_tk_mark2_gpios, alias_tk_mark3_gpios,
                   alias_tk_mark4_gpios, alias_tk_mark5_gpios, alias_tk_mark6_gpios, alias_tk_mark7_gpios };
            #define GPIO_OUTPUT_INACTIVE ((1U << 17) | (1U << 18))
            static inline int gpio_pin_configure_dt(const struct gpio_dt_spec *spec, uint32_t flags)
            { note("output", spec->pin, (long)(flags == GPIO_OUTPUT_INACTIVE)); return 0; }
            static inline int gpio_pin_set_dt(const struct gpio_dt_spec *spec, int value)
            { note("write", spec->pin, value); return 0; }
            """
        },
    ),
    "esp-idf": Platform(
        "ESP_PLATFORM=1",
        "GPIO_NUM_%d",
        {
            "driver/gpio.h": _GUARD
            + """
            typedef int esp_err_t;
            typedef enum { GPIO_NUM_0, GPIO_NUM_1, GPIO_NUM_2, GPIO_NUM_3, GPIO_NUM_4, GPIO_NUM_5, GPIO_NUM_6,
                           GPIO_NUM_7 } gpio_num_t;
            typedef enum { GPIO_MODE_INPUT = 1, GPIO_MODE_OUTPUT = 2 } gpio_mode_t;
            static inline esp_err_t gpio_reset_pin(gpio_num_t pin) { (void)pin; return 0; }
            static inline esp_err_t gpio_set_direction(gpio_num_t pin, gpio_mode_t mode)
            { note("output", (long)pin, mode == GPIO_MODE_OUTPUT); return 0; }
            static inline esp_err_t gpio_set_level(gpio_num_t pin, uint32_t level)
            { note("write", (long)pin, (long)level); return 0; }
            """
        },
    ),
    "rp2": Platform(
        "PICO_ON_DEVICE=1",
        "%d",
        {
            "hardware/gpio.h": _GUARD
            + """
            #include <stdbool.h>
            typedef unsigned int uint;
            static inline void gpio_init(uint gpio) { (void)gpio; }
            static inline void gpio_set_dir(uint gpio, bool out) { note("output", (long)gpio, out); }
            static inline void gpio_put(uint gpio, bool value) { note("write", (long)gpio, value); }
            """
        },
    ),
    "stm32-hal": Platform(
        "USE_HAL_DRIVER",
        "GPIOB, %d",
        {
            "hal.h": _GUARD
            + """
            typedef struct { volatile uint32_t MODER; } GPIO_TypeDef;
            typedef struct { uint32_t Pin, Mode, Pull, Speed, Alternate; } GPIO_InitTypeDef;
            typedef enum { GPIO_PIN_RESET = 0, GPIO_PIN_SET } GPIO_PinState;
            #define GPIO_MODE_OUTPUT_PP 1u
            #define GPIO_NOPULL 0u
            #define GPIO_SPEED_FREQ_HIGH 2u
            static GPIO_TypeDef port_b;
            #define GPIOB (&port_b)
            static inline int number(uint32_t mask) { int n = 0; while (mask >>= 1) n++; return n; }
            static inline void HAL_GPIO_Init(GPIO_TypeDef *port, GPIO_InitTypeDef *init)
            { (void)port; note("output", number(init->Pin), init->Mode == GPIO_MODE_OUTPUT_PP); }
            static inline void HAL_GPIO_WritePin(GPIO_TypeDef *port, uint16_t pin, GPIO_PinState state)
            { (void)port; note("write", number(pin), state == GPIO_PIN_SET); }
            """
        },
        first='#include "hal.h"',
    ),
    "nrf": Platform(
        "NRF52_SERIES",
        "%du",
        {
            "nrf_gpio.h": _GUARD
            + """
            static inline void nrf_gpio_cfg_output(uint32_t pin) { note("output", (long)pin, 1); }
            static inline void nrf_gpio_pin_write(uint32_t pin, uint32_t value)
            { note("write", (long)pin, (long)value); }
            """
        },
        first='#include "nrf_gpio.h"',
    ),
    "generic": Platform(
        "NOTHING",
        "%d",
        {},
        first='#define TK_MARK_SETUP(pin) note("output", (pin), 1)\n'
        '#define TK_MARK_WRITE(pin, high) note("write", (pin), (high) ? 1 : 0)',
    ),
}

# Registers instead of calls: what was written is looked at, not noted.
STM32_REGISTERS = (
    _GUARD
    + """
typedef struct { volatile uint32_t MODER, OTYPER, OSPEEDR, PUPDR, IDR, ODR, BSRR; } GPIO_TypeDef;
static GPIO_TypeDef port_b;
#define GPIOB (&port_b)
"""
)
