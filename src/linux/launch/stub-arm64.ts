/**
 * The interpreter on arm64: a loop over records without a stack; it touches the program and nothing else.
 *
 * Each line: address, bytes, instruction as objdump shows it.
 * x19: the record; x8: its operation; x0: its result; x20: which arguments are addresses.
 * The word after the code, on a multiple of eight, is the first record's address. In a record: 0 operation, 4 indirect
 * bits, 8 arguments, 56 store, 64 on error, 72 on zero; the failure cell is at 0x600200 (layout.ts).
 */
export const STUB_ARM64 = `
start:
  00  58000693                 ldr x19, 0xd0
loop:
  04  29405268                 ldp w8, w20, [x19]
  08  a9408660                 ldp x0, x1, [x19, #8]
  0c  a9418e62                 ldp x2, x3, [x19, #24]
  10  a9429664                 ldp x4, x5, [x19, #40]
  14  36000054                 tbz w20, #0, 0x1c
  18  f9400000                 ldr x0, [x0]
  1c  36080054                 tbz w20, #1, 0x24
  20  f9400021                 ldr x1, [x1]
  24  36100054                 tbz w20, #2, 0x2c
  28  f9400042                 ldr x2, [x2]
  2c  36180054                 tbz w20, #3, 0x34
  30  f9400063                 ldr x3, [x3]
  34  36200054                 tbz w20, #4, 0x3c
  38  f9400084                 ldr x4, [x4]
  3c  36280054                 tbz w20, #5, 0x44
  40  f94000a5                 ldr x5, [x5]
  44  37f80268                 tbnz w8, #31, 0x90
  48  d4000001                 svc #0x0
done:
  4c  f9401e69                 ldr x9, [x19, #56]
  50  b4000049                 cbz x9, 0x58
  54  f9000120                 str x0, [x9]
  58  b7f80080                 tbnz x0, #63, 0x68
  5c  b5000160                 cbnz x0, 0x88
  60  f9402669                 ldr x9, [x19, #72]
  64  14000006                 b 0x7c
failed:
  68  f9402269                 ldr x9, [x19, #64]
  6c  b40000e9                 cbz x9, 0x88
  70  d280400a                 mov x10, #0x200
  74  f2a00c0a                 movk x10, #0x60, lsl #16
  78  a9000153                 stp x19, x0, [x10]
branch:
  7c  b4000069                 cbz x9, 0x88
  80  aa0903f3                 mov x19, x9
  84  17ffffe0                 b 0x4
next:
  88  91014273                 add x19, x19, #0x50
  8c  17ffffde                 b 0x4
pseudo:
  90  3100051f                 cmn w8, #0x1
  94  540000a1                 b.ne 0xa8
  98  9ac32400                 lsr x0, x0, x3
  9c  8a010000                 and x0, x0, x1
  a0  cb020000                 sub x0, x0, x2
  a4  17ffffea                 b 0x4c
decimal:
  a8  d2800149                 mov x9, #0xa
  ac  9ac9080a                 udiv x10, x0, x9
  b0  9b09814b                 msub x11, x10, x9, x0
  b4  1100c16b                 add w11, w11, #0x30
  b8  381ffc2b                 strb w11, [x1, #-1]!
  bc  aa0a03e0                 mov x0, x10
  c0  b5ffff60                 cbnz x0, 0xac
  c4  aa0103e0                 mov x0, x1
  c8  17ffffe1                 b 0x4c
  cc  d503201f                 nop
`;
