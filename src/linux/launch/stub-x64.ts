/**
 * The interpreter on x86-64: a loop over records without a stack; it touches the program and nothing else.
 *
 * Each line: address, bytes, instruction as objdump shows it.
 * rbx: the record; rax: its operation, then its result; rbp: which arguments are addresses.
 * The word after the code, on a multiple of eight, is the first record's address. In a record: 0 operation, 4 indirect
 * bits, 8 arguments, 56 store, 64 on error, 72 on zero; the failure cell is at 0x600200 (layout.ts).
 */
export const STUB_X64 = `
start:
  00  48 8b 1d c9 00 00 00     mov rbx,QWORD PTR [rip+0xc9]
loop:
  07  8b 03                    mov eax,DWORD PTR [rbx]
  09  8b 6b 04                 mov ebp,DWORD PTR [rbx+0x4]
  0c  48 8b 7b 08              mov rdi,QWORD PTR [rbx+0x8]
  10  48 8b 73 10              mov rsi,QWORD PTR [rbx+0x10]
  14  48 8b 53 18              mov rdx,QWORD PTR [rbx+0x18]
  18  4c 8b 53 20              mov r10,QWORD PTR [rbx+0x20]
  1c  4c 8b 43 28              mov r8,QWORD PTR [rbx+0x28]
  20  4c 8b 4b 30              mov r9,QWORD PTR [rbx+0x30]
  24  d1 ed                    shr ebp,1
  26  73 03                    jae 0x2b
  28  48 8b 3f                 mov rdi,QWORD PTR [rdi]
  2b  d1 ed                    shr ebp,1
  2d  73 03                    jae 0x32
  2f  48 8b 36                 mov rsi,QWORD PTR [rsi]
  32  d1 ed                    shr ebp,1
  34  73 03                    jae 0x39
  36  48 8b 12                 mov rdx,QWORD PTR [rdx]
  39  d1 ed                    shr ebp,1
  3b  73 03                    jae 0x40
  3d  4d 8b 12                 mov r10,QWORD PTR [r10]
  40  d1 ed                    shr ebp,1
  42  73 03                    jae 0x47
  44  4d 8b 00                 mov r8,QWORD PTR [r8]
  47  d1 ed                    shr ebp,1
  49  73 03                    jae 0x4e
  4b  4d 8b 09                 mov r9,QWORD PTR [r9]
  4e  85 c0                    test eax,eax
  50  78 4a                    js 0x9c
  52  0f 05                    syscall
done:
  54  48 8b 4b 38              mov rcx,QWORD PTR [rbx+0x38]
  58  48 85 c9                 test rcx,rcx
  5b  74 03                    je 0x60
  5d  48 89 01                 mov QWORD PTR [rcx],rax
  60  48 85 c0                 test rax,rax
  63  78 08                    js 0x6d
  65  75 2c                    jne 0x93
  67  48 8b 4b 48              mov rcx,QWORD PTR [rbx+0x48]
  6b  eb 19                    jmp 0x86
failed:
  6d  48 8b 4b 40              mov rcx,QWORD PTR [rbx+0x40]
  71  48 85 c9                 test rcx,rcx
  74  74 1d                    je 0x93
  76  48 89 1c 25 00 02 60 00  mov QWORD PTR ds:0x600200,rbx
  7e  48 89 04 25 08 02 60 00  mov QWORD PTR ds:0x600208,rax
branch:
  86  48 85 c9                 test rcx,rcx
  89  74 08                    je 0x93
  8b  48 89 cb                 mov rbx,rcx
  8e  e9 74 ff ff ff           jmp 0x7
next:
  93  48 83 c3 50              add rbx,0x50
  97  e9 6b ff ff ff           jmp 0x7
pseudo:
  9c  ff c0                    inc eax
  9e  48 89 f8                 mov rax,rdi
  a1  75 0e                    jne 0xb1
  a3  44 89 d1                 mov ecx,r10d
  a6  48 d3 e8                 shr rax,cl
  a9  48 21 f0                 and rax,rsi
  ac  48 29 d0                 sub rax,rdx
  af  eb a3                    jmp 0x54
decimal:
  b1  b9 0a 00 00 00           mov ecx,0xa
  b6  31 d2                    xor edx,edx
  b8  48 f7 f1                 div rcx
  bb  83 c2 30                 add edx,0x30
  be  48 ff ce                 dec rsi
  c1  88 16                    mov BYTE PTR [rsi],dl
  c3  48 85 c0                 test rax,rax
  c6  75 ee                    jne 0xb6
  c8  48 89 f0                 mov rax,rsi
  cb  eb 87                    jmp 0x54
`;
