/* tk_mark.h: shows on up to eight pins what a program is doing, for a power meter or a logic analyser that records them.
 * One header for anybody's firmware, C99 or C++11; it needs nothing else of tinykit's. MIT, as all of tinykit.
 *
 *     #define TK_MARK_PIN0 GPIOB, 0        // bit 0 of the phase; STM32: port, number
 *     #define TK_MARK_PIN1 GPIOB, 1        // as many as needed, without a gap, up to TK_MARK_PIN7
 *     #include "tk_mark.h"
 *
 *     tk_mark_init();                      // once: outputs, phase 0
 *     tk_mark_phase(1);                    // 1 on the pins, in binary: PIN0 high, PIN1 low
 *     infer();
 *     tk_mark_phase(0);                    // 0 is "nothing that counts"
 *
 * One pin, and phases 0 and 1, is all that energy per inference needs. A phase that does not fit the pins loses its
 * upper bits. Pins change one after the other: a change of several shows other phases for some nanoseconds to
 * microseconds. Where that matters, number the phases so that neighbours differ in one pin: 0, 1, 3, 2, 6, ...
 *
 * What a pin is, and how the platform is recognised (or chosen, by defining the name on the left):
 *
 *     TK_MARK_ARDUINO   ARDUINO            the pin's number: 7, or A0
 *     TK_MARK_ZEPHYR    __ZEPHYR__         a devicetree node with "gpios": DT_ALIAS(tk_mark0)
 *     TK_MARK_ESP_IDF   ESP_PLATFORM       GPIO_NUM_4
 *     TK_MARK_PICO      PICO_ON_DEVICE     the GPIO's number: 2
 *     TK_MARK_STM32_HAL USE_HAL_DRIVER     port and number: GPIOB, 0. Include the HAL first, and start the port's clock
 *     TK_MARK_STM32     USE_FULL_LL_DRIVER the same, with registers alone (LL or CMSIS; not for the STM32F1)
 *     TK_MARK_NRF       NRF52_SERIES etc.  the pin's number: 3, or NRF_GPIO_PIN_MAP(1, 2). Include nrf_gpio.h first
 *     anything else                        define TK_MARK_SETUP(pin) and TK_MARK_WRITE(pin, high) yourself
 *
 * TK_MARK_ACTIVE_LOW inverts all pins. TK_MARK_OFF makes the functions empty.
 */
#ifndef TK_MARK_H
#define TK_MARK_H

#include <stdint.h>

#if defined(TK_MARK_OFF) || defined(TK_MARK_WRITE) || defined(TK_MARK_ARDUINO) || defined(TK_MARK_ZEPHYR) || \
    defined(TK_MARK_ESP_IDF) || defined(TK_MARK_PICO) || defined(TK_MARK_STM32_HAL) || defined(TK_MARK_STM32) || \
    defined(TK_MARK_NRF)
/* chosen */
#elif defined(ARDUINO) /* before the platforms that Arduino itself stands on */
#define TK_MARK_ARDUINO
#elif defined(__ZEPHYR__)
#define TK_MARK_ZEPHYR
#elif defined(ESP_PLATFORM)
#define TK_MARK_ESP_IDF
#elif defined(PICO_ON_DEVICE)
#define TK_MARK_PICO
#elif defined(USE_HAL_DRIVER)
#define TK_MARK_STM32_HAL
#elif defined(USE_FULL_LL_DRIVER)
#define TK_MARK_STM32
#elif defined(NRF51_SERIES) || defined(NRF52_SERIES) || defined(NRF53_SERIES) || defined(NRF91_SERIES)
#define TK_MARK_NRF
#else
#error "tk_mark.h does not know this platform: define TK_MARK_SETUP(pin) and TK_MARK_WRITE(pin, high)"
#endif

#if defined(TK_MARK_OFF)
/* nothing */
#elif defined(TK_MARK_WRITE)
#ifndef TK_MARK_SETUP
#error "TK_MARK_WRITE(pin, high) needs TK_MARK_SETUP(pin), which may be empty"
#endif

#elif defined(TK_MARK_ARDUINO)
#include <Arduino.h>
#define TK_MARK_SETUP(pin) pinMode((pin), OUTPUT)
#define TK_MARK_WRITE(pin, high) digitalWrite((pin), (high) ? HIGH : LOW)

#elif defined(TK_MARK_ZEPHYR)
#include <zephyr/drivers/gpio.h>
#define TK_MARK_SETUP(node) \
    do { \
        static const struct gpio_dt_spec tk_mark_spec = GPIO_DT_SPEC_GET(node, gpios); \
        (void)gpio_pin_configure_dt(&tk_mark_spec, GPIO_OUTPUT_INACTIVE); \
    } while (0)
#define TK_MARK_WRITE(node, high) \
    do { \
        static const struct gpio_dt_spec tk_mark_spec = GPIO_DT_SPEC_GET(node, gpios); \
        (void)gpio_pin_set_dt(&tk_mark_spec, (high) ? 1 : 0); \
    } while (0)

#elif defined(TK_MARK_ESP_IDF)
#include "driver/gpio.h"
#define TK_MARK_SETUP(pin) \
    do { \
        (void)gpio_reset_pin(pin); \
        (void)gpio_set_direction((pin), GPIO_MODE_OUTPUT); \
    } while (0)
#define TK_MARK_WRITE(pin, high) (void)gpio_set_level((pin), (high) ? 1u : 0u)

#elif defined(TK_MARK_PICO)
#include "hardware/gpio.h"
#define TK_MARK_SETUP(pin) \
    do { \
        gpio_init(pin); \
        gpio_set_dir((pin), true); \
    } while (0)
#define TK_MARK_WRITE(pin, high) gpio_put((pin), (high) ? true : false)

#elif defined(TK_MARK_STM32_HAL)
#ifdef __cplusplus
#define TK_MARK_ZEROS {}
#else
#define TK_MARK_ZEROS {0}
#endif
#define TK_MARK_SETUP(port, pin) \
    do { \
        GPIO_InitTypeDef tk_mark_init_ = TK_MARK_ZEROS; \
        tk_mark_init_.Pin = 1u << (pin); \
        tk_mark_init_.Mode = GPIO_MODE_OUTPUT_PP; \
        tk_mark_init_.Pull = GPIO_NOPULL; \
        tk_mark_init_.Speed = GPIO_SPEED_FREQ_HIGH; \
        HAL_GPIO_Init((port), &tk_mark_init_); \
    } while (0)
#define TK_MARK_WRITE(port, pin, high) \
    HAL_GPIO_WritePin((port), (uint16_t)(1u << (pin)), (high) ? GPIO_PIN_SET : GPIO_PIN_RESET)

#elif defined(TK_MARK_STM32)
#define TK_MARK_SETUP(port, pin) \
    do { \
        (port)->OTYPER &= ~(1u << (pin)); \
        (port)->MODER = ((port)->MODER & ~(3u << (2u * (pin)))) | (1u << (2u * (pin))); \
    } while (0)
#define TK_MARK_WRITE(port, pin, high) ((port)->BSRR = 1u << ((high) ? (pin) : (pin) + 16u))

#elif defined(TK_MARK_NRF)
#define TK_MARK_SETUP(pin) nrf_gpio_cfg_output(pin)
#define TK_MARK_WRITE(pin, high) nrf_gpio_pin_write((pin), (high) ? 1u : 0u)
#endif

#if !defined(TK_MARK_OFF) && !defined(TK_MARK_PIN0)
#error "define TK_MARK_PIN0 before including tk_mark.h"
#endif
#if (defined(TK_MARK_PIN7) && !defined(TK_MARK_PIN6)) || (defined(TK_MARK_PIN6) && !defined(TK_MARK_PIN5)) || \
    (defined(TK_MARK_PIN5) && !defined(TK_MARK_PIN4)) || (defined(TK_MARK_PIN4) && !defined(TK_MARK_PIN3)) || \
    (defined(TK_MARK_PIN3) && !defined(TK_MARK_PIN2)) || (defined(TK_MARK_PIN2) && !defined(TK_MARK_PIN1))
#error "the pins TK_MARK_PIN0, TK_MARK_PIN1, ... must not leave a gap"
#endif

#ifdef TK_MARK_ACTIVE_LOW
#define TK_MARK_LEVEL(phase, bit) ((((phase) >> (bit)) & 1u) == 0u)
#else
#define TK_MARK_LEVEL(phase, bit) ((((phase) >> (bit)) & 1u) != 0u)
#endif
/* A pin may be two words, port and number: they become two arguments only after one more expansion. */
#define TK_MARK_EXPAND_SETUP(...) TK_MARK_SETUP(__VA_ARGS__)
#define TK_MARK_EXPAND_WRITE(...) TK_MARK_WRITE(__VA_ARGS__)

/* Shows ``phase`` on the pins, lowest bit on TK_MARK_PIN0. */
static inline void tk_mark_phase(uint8_t phase)
{
    (void)phase;
#ifndef TK_MARK_OFF
    TK_MARK_EXPAND_WRITE(TK_MARK_PIN0, TK_MARK_LEVEL(phase, 0));
#ifdef TK_MARK_PIN1
    TK_MARK_EXPAND_WRITE(TK_MARK_PIN1, TK_MARK_LEVEL(phase, 1));
#endif
#ifdef TK_MARK_PIN2
    TK_MARK_EXPAND_WRITE(TK_MARK_PIN2, TK_MARK_LEVEL(phase, 2));
#endif
#ifdef TK_MARK_PIN3
    TK_MARK_EXPAND_WRITE(TK_MARK_PIN3, TK_MARK_LEVEL(phase, 3));
#endif
#ifdef TK_MARK_PIN4
    TK_MARK_EXPAND_WRITE(TK_MARK_PIN4, TK_MARK_LEVEL(phase, 4));
#endif
#ifdef TK_MARK_PIN5
    TK_MARK_EXPAND_WRITE(TK_MARK_PIN5, TK_MARK_LEVEL(phase, 5));
#endif
#ifdef TK_MARK_PIN6
    TK_MARK_EXPAND_WRITE(TK_MARK_PIN6, TK_MARK_LEVEL(phase, 6));
#endif
#ifdef TK_MARK_PIN7
    TK_MARK_EXPAND_WRITE(TK_MARK_PIN7, TK_MARK_LEVEL(phase, 7));
#endif
#endif
}

/* Makes the pins outputs and shows phase 0. */
static inline void tk_mark_init(void)
{
#ifndef TK_MARK_OFF
    TK_MARK_EXPAND_SETUP(TK_MARK_PIN0);
#ifdef TK_MARK_PIN1
    TK_MARK_EXPAND_SETUP(TK_MARK_PIN1);
#endif
#ifdef TK_MARK_PIN2
    TK_MARK_EXPAND_SETUP(TK_MARK_PIN2);
#endif
#ifdef TK_MARK_PIN3
    TK_MARK_EXPAND_SETUP(TK_MARK_PIN3);
#endif
#ifdef TK_MARK_PIN4
    TK_MARK_EXPAND_SETUP(TK_MARK_PIN4);
#endif
#ifdef TK_MARK_PIN5
    TK_MARK_EXPAND_SETUP(TK_MARK_PIN5);
#endif
#ifdef TK_MARK_PIN6
    TK_MARK_EXPAND_SETUP(TK_MARK_PIN6);
#endif
#ifdef TK_MARK_PIN7
    TK_MARK_EXPAND_SETUP(TK_MARK_PIN7);
#endif
#endif
    tk_mark_phase(0);
}

#endif
