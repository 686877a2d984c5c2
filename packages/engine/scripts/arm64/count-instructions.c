/*
 * QEMU plugin: at every `fdatasync` of the program prints how many instructions it has executed so far, and how many of them were
 * `sdot`. The declarations are those of qemu-plugin.h (version 1), which Debian does not package.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int operation, void *counter, uint64_t added);
void qemu_plugin_register_vcpu_syscall_cb(
    qemu_plugin_id_t, void (*)(qemu_plugin_id_t, unsigned, int64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                               uint64_t, uint64_t));

int qemu_plugin_version = 1;

static uint64_t instructions, dots;

/* Instructions run in blocks; each block adds its own number when it begins. */
static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block) {
  size_t count = qemu_plugin_tb_n_insns(block), sdots = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t code;
    memcpy(&code, qemu_plugin_insn_data(qemu_plugin_tb_get_insn(block, i)), 4);
    sdots += (code & 0xffe0fc00) == 0x4e809400; /* sdot Vd.4S, Vn.16B, Vm.16B */
  }
  qemu_plugin_register_vcpu_tb_exec_inline(block, 0, &instructions, count);
  if (sdots > 0) qemu_plugin_register_vcpu_tb_exec_inline(block, 0, &dots, sdots);
}

static void called(qemu_plugin_id_t id, unsigned cpu, int64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                   uint64_t f, uint64_t g, uint64_t h) {
  if (number == 83) fprintf(stderr, "executed %lu %lu\n", instructions, dots); /* fdatasync */
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int count, char **arguments) {
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_vcpu_syscall_cb(id, called);
  return 0;
}
