/**
 * What the operating system says of a file, in words that tell the reader what to do.
 *
 * Covers the failures that people meet; any other keeps the system's own message.
 */
import { AttuneError } from "./errors.ts";

/** A file could not be read. What is no error of the system passes through. */
export function readError(error: unknown, path: string): Error {
  if (!isSystemError(error)) return toError(error);
  const [code, next] = readAdvice[error.code] ?? ["ERR_READ", "check the disk, then try again"];
  return new AttuneError(code, {
    rule: "the file must be readable",
    found: error.message,
    next,
    file: path,
    cause: error,
  });
}

/** `bytes`, where they are known, could not be written to a file or folder. What is no error of the system passes through. */
export function writeError(error: unknown, path: string, bytes?: number): Error {
  if (!isSystemError(error)) return toError(error);
  const [code, next] = writeAdvice[error.code] ?? ["ERR_WRITE", "check the disk, then try again"];
  return new AttuneError(code, {
    rule: "the file must be writable",
    found: bytes === undefined ? error.message : `${bytes} bytes could not be written: ${error.message}`,
    next: `${next}; what stood there before is untouched`,
    file: path,
    cause: error,
  });
}

/** True where `error` is the system's way to say that there is no such file. */
export function isMissing(error: unknown): boolean {
  return isSystemError(error) && (error.code === "ENOENT" || error.code === "ENOTDIR");
}

type Advice = Readonly<Record<string, readonly [code: `ERR_${string}`, next: string]>>;

const readAdvice: Advice = {
  ENOENT: ["ERR_FILE_MISSING", "check the path"],
  ENOTDIR: ["ERR_FILE_MISSING", "check the path: a part of it is a file, not a folder"],
  EISDIR: ["ERR_READ", "name a file, not a folder"],
  EACCES: ["ERR_NOT_READABLE", "change its permissions, or run as a user who may read it"],
  EPERM: ["ERR_NOT_READABLE", "change its permissions, or run as a user who may read it"],
};

const writeAdvice: Advice = {
  ENOSPC: ["ERR_DISK_FULL", "free some space or choose another disk"],
  EDQUOT: ["ERR_DISK_FULL", "your quota is used up: free some space or choose another disk"],
  EFBIG: ["ERR_DISK_FULL", "files of this size are not allowed here: choose another disk or raise the limit"],
  EACCES: ["ERR_NOT_WRITABLE", "change the folder's permissions or choose another folder"],
  EPERM: ["ERR_NOT_WRITABLE", "change the folder's permissions or choose another folder"],
  EROFS: ["ERR_NOT_WRITABLE", "the disk is mounted read-only: choose another folder"],
  ENOENT: ["ERR_NOT_WRITABLE", "create the folder first"],
  ENOTDIR: ["ERR_NOT_WRITABLE", "a part of the path is a file, not a folder: choose another path"],
  EEXIST: ["ERR_NOT_WRITABLE", "a part of the path is a file, not a folder: choose another path"],
  ENOTEMPTY: ["ERR_WRITE", "another process wrote here at the same time: run one after the other"],
  EISDIR: ["ERR_NOT_WRITABLE", "a folder stands there: choose another name"],
};

/** Node's errors from system calls: the code is the system's, such as ENOSPC. */
function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && "syscall" in error && "code" in error && typeof error.code === "string";
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
