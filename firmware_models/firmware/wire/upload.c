/* `tk load`: frames of COBS(number u16 LE, payload, CRC-32 LE), each ended by a zero, straight into the buffer.
 *
 * A payload is written before its CRC is known, but only behind what has been accepted, and only within the
 * bytes that were announced: a bad frame leaves nothing that a good one does not write over.
 */
#include "tk_port.h"
#include "wire.h"

TK_SMALL_BEGIN

#define HEAD_BYTES 2u
#define CRC_BYTES 4u

static struct {
    uint32_t size;     /* announced */
    uint32_t position; /* accepted */
    uint32_t accepted; /* frames */
    /* The frame that is coming in. */
    uint32_t count;     /* decoded bytes, the CRC's among them */
    uint32_t block;     /* bytes left of COBS's current block */
    int zero_due;       /* a zero stands between this block and the next */
    uint32_t number;
    uint32_t crc;
    uint8_t tail[CRC_BYTES]; /* the last bytes are the CRC: each is held until four more have come */
} up;

/* Frames are numbered modulo 0xFFFF: that number itself ends an upload. */
static uint32_t number_of(uint32_t frame)
{
    return frame % TK_ABORT_SEQUENCE;
}

static void begin_frame(void)
{
    up.count = up.block = up.number = up.crc = 0;
    up.zero_due = 0;
}

/* A byte of the frame's head or payload, in its place. */
static void body(uint32_t index, uint8_t byte)
{
    up.crc = tk_crc32(up.crc, &byte, 1);
    if (index < HEAD_BYTES) {
        up.number |= (uint32_t)byte << 8 * index;
    } else if (up.number == number_of(up.accepted) && index - HEAD_BYTES < up.size - up.position) {
        tk_wire_db[up.position + index - HEAD_BYTES] = byte;
    }
}

static void decoded(uint8_t byte)
{
    uint8_t *held = &up.tail[up.count % CRC_BYTES];
    if (up.count >= CRC_BYTES) {
        body(up.count - CRC_BYTES, *held);
    }
    *held = byte;
    up.count++;
}

static int is_sound(void)
{
    uint32_t sent = 0;
    for (uint32_t i = 0; i < CRC_BYTES; i++) {
        sent |= (uint32_t)up.tail[(up.count + i) % CRC_BYTES] << 8 * i;
    }
    return up.count >= HEAD_BYTES + CRC_BYTES && up.count <= HEAD_BYTES + TK_PAYLOAD_BYTES + CRC_BYTES &&
           up.block == 0 && sent == up.crc;
}

/* Nonzero where this number was accepted in one of the last frames, and its answer was lost. */
static int is_known(void)
{
    for (uint32_t back = 1; back <= TK_WINDOW_FRAMES && back <= up.accepted; back++) {
        if (up.number == number_of(up.accepted - back)) {
            return 1;
        }
    }
    return 0;
}

/* Answers the frame that has ended; nonzero where it ends the upload. */
static int judge(void)
{
    const uint32_t expected = number_of(up.accepted);
    const uint32_t payload = up.count - HEAD_BYTES - CRC_BYTES;
    const int sound = is_sound();
    if (sound && up.number == TK_ABORT_SEQUENCE) {
        return 1;
    }
    if (sound && up.number == expected && payload <= up.size - up.position) {
        up.position += payload;
        up.accepted++;
        tk_uart_put((uint8_t)(TK_ACCEPTED | (expected & 0x3Fu)));
    } else if (sound && is_known()) {
        tk_uart_put((uint8_t)(TK_ACCEPTED | (up.number & 0x3Fu)));
    } else {
        tk_uart_put((uint8_t)(TK_REFUSED | (expected & 0x3Fu)));
    }
    return 0;
}

/* Takes a byte from the line; nonzero where it ends the upload early. */
static int take(uint8_t byte)
{
    int ended = 0;
    if (byte == 0) {
        /* Nothing between two zeros is no frame: a host may send zeros to come into step. */
        ended = up.count + up.block + (uint32_t)up.zero_due > 0 && judge();
        begin_frame();
    } else if (up.block == 0) {
        if (up.zero_due) {
            decoded(0);
        }
        up.block = byte - 1u;
        up.zero_due = byte != 0xFFu;
    } else {
        decoded(byte);
        up.block--;
    }
    return ended;
}

static int receive(void)
{
    const uint32_t silence = TK_TIMER_HZ / 1000u * TK_UPLOAD_SILENCE_MS;
    uint32_t heard = tk_timer_now();
    while (up.position < up.size) {
        const int byte = tk_uart_get();
        if (byte >= 0) {
            heard = tk_timer_now();
            if (take((uint8_t)byte)) {
                return 0;
            }
        } else if (tk_timer_now() - heard > silence) {
            return 0;
        }
    }
    return 1;
}

void tk_upload(void)
{
    const int32_t size = tk_argument(1, (int32_t)TK_DB_BYTES, -1);
    if (size < 0) {
        return;
    }
    up.size = (uint32_t)size;
    up.position = up.accepted = 0;
    begin_frame();
    tk_say(TK_M_TK_LOAD, up.size);
    tk_say(TK_M_READY);
    const int done = receive();
    tk_db_fill(up.position);
    tk_say(done ? TK_M_LOAD_DONE : TK_E_UPLOAD_ENDED);
}

TK_SMALL_END
