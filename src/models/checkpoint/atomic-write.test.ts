import type * as FileSystem from "node:fs/promises";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createFolderAtomic, currentFile, writeFileAtomic, writeFolderAtomic } from "./atomic-write.ts";

/** Called before each change to the disk; throws where that is to fail. */
const disk = vi.hoisted(() => ({ before: (_operation: string) => {} }));

vi.mock("node:fs/promises", async (original) => {
  const fs = await original<typeof FileSystem>();
  const watched =
    <A extends unknown[], R>(operation: string, run: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      disk.before(operation);
      return run(...args);
    };
  const open = async (path: string, flags: string): Promise<FileSystem.FileHandle> => {
    const handle = await fs.open(path, flags);
    const write = handle.write.bind(handle);
    return Object.assign(handle, {
      sync: watched("sync", handle.sync.bind(handle)),
      write: async (bytes: Uint8Array, at: number, length: number) => {
        try {
          disk.before("write");
        } catch (error) {
          await write(bytes, at, Math.floor(length / 2));
          throw error;
        }
        return write(bytes, at, Math.ceil(length / 2));
      },
    });
  };
  return {
    ...fs,
    open: watched("open", open),
    mkdir: watched("mkdir", fs.mkdir),
    rename: watched("rename", fs.rename),
    rm: watched("rm", fs.rm),
    rmdir: watched("rmdir", fs.rmdir),
  };
});

function failWith(operation: string, code: string): void {
  disk.before = (current) => {
    if (current === operation)
      throw Object.assign(new Error(`${code}: simulated, ${operation}`), { code, syscall: operation });
  };
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "attune-write-"));
});
afterEach(async () => {
  disk.before = () => {};
  await rm(folder, { recursive: true });
});

describe("a file", () => {
  test("is written whole, as text or from parts, and replaces the earlier one", async () => {
    const path = join(folder, "run.json");
    await writeFileAtomic(path, "old");
    await writeFileAtomic(path, "北京 😀");
    expect(await readFile(path, "utf8")).toBe("北京 😀");
    await writeFileAtomic(path, [Uint8Array.of(1, 2, 3), new Uint8Array(0), Uint8Array.of(4)]);
    expect([...(await readFile(path))]).toEqual([1, 2, 3, 4]);
    expect(await readdir(folder)).toEqual(["run.json"]);
  });

  test.each([
    ["write", "ENOSPC", "ERR_DISK_FULL", "free some space"],
    ["sync", "EDQUOT", "ERR_DISK_FULL", "quota"],
    ["write", "EFBIG", "ERR_DISK_FULL", "raise the limit"],
    ["open", "EACCES", "ERR_NOT_WRITABLE", "change the folder's permissions"],
    ["rename", "EPERM", "ERR_NOT_WRITABLE", "change the folder's permissions"],
    ["open", "EROFS", "ERR_NOT_WRITABLE", "mounted read-only"],
    ["write", "EIO", "ERR_WRITE", "check the disk"],
  ])(
    "%s fails with %s: %s, the earlier file stays, nothing is left over",
    async (operation, code, slug, advice) => {
      const path = join(folder, "run.json");
      await writeFileAtomic(path, "earlier");
      failWith(operation, code);
      const failure = writeFileAtomic(path, "a later one");
      await expect(failure).rejects.toThrow(
        `${slug}: the file must be writable; 11 bytes could not be written: ${code}`,
      );
      await expect(failure).rejects.toThrow(new RegExp(`\\(${path}\\); .*${advice}.*untouched`));
      expect(await readdir(folder)).toEqual(["run.json"]);
      expect(await readFile(path, "utf8")).toBe("earlier");
    },
  );

  test("that cannot be where it is wanted says why", async () => {
    await writeFile(join(folder, "file"), "");
    await mkdir(join(folder, "taken"));
    await expect(writeFileAtomic(join(folder, "file", "a"), "")).rejects.toThrow(
      /ERR_NOT_WRITABLE.*is a file, not a folder/,
    );
    await expect(writeFileAtomic(join(folder, "none", "a"), "")).rejects.toThrow(
      /ERR_NOT_WRITABLE.*create the folder/,
    );
    await expect(writeFileAtomic(join(folder, "taken"), "")).rejects.toThrow(
      /ERR_NOT_WRITABLE.*a folder stands there/,
    );
    expect(await readdir(folder)).toEqual(["file", "taken"]);
  });
});

describe("a folder", () => {
  const version = (n: number) => ({
    "a.json": `${n}`,
    "b.bin": [new Uint8Array(1000).fill(n)],
    "c.txt": `${n}`,
  });

  /** The version that a reader finds, one entry a file that differs. */
  async function versions(path: string): Promise<string[]> {
    const found = new Set<string>();
    for (const name of Object.keys(version(0))) {
      const bytes = await readFile(await currentFile(path, name)).catch(() => undefined);
      if (bytes === undefined) found.add("absent");
      else found.add(name === "b.bin" ? `${bytes[0]} of ${bytes.byteLength}` : `${bytes.toString()} of 1000`);
    }
    return [...found];
  }

  /** Makes everything fail after `steps` changes, as if the process had been killed; true if that stopped the write. */
  async function killAfter(steps: number, write: () => Promise<void>): Promise<boolean> {
    let left = steps;
    disk.before = () => {
      if (left-- <= 0) throw new Error("killed");
    };
    const killed = await write().then(
      () => false,
      () => true,
    );
    disk.before = () => {};
    return killed;
  }

  test.each([
    ["that exists", true, ["1 of 1000"]],
    ["that is new", false, ["absent"]],
  ])(
    "%s is old or new as a whole wherever the write is cut short, and the next write is whole",
    async (_, exists, old) => {
      const seen: string[] = [];
      for (let steps = 0, killed = true; killed; steps++) {
        const path = join(folder, `model-${steps}`);
        if (exists) {
          await mkdir(join(path, "checkpoints"), { recursive: true });
          await writeFolderAtomic(path, version(1));
        }
        killed = await killAfter(steps, async () => writeFolderAtomic(path, version(2)));
        const found = await versions(path);
        expect([old, ["2 of 1000"]], `after ${steps} steps`).toContainEqual(found);
        seen.push(...found);

        await writeFolderAtomic(path, version(3));
        expect(await versions(path)).toEqual(["3 of 1000"]);
        expect((await readdir(path)).sort()).toEqual([
          ...Object.keys(version(3)),
          ...(exists ? ["checkpoints"] : []),
        ]);
      }
      expect(seen.length).toBeGreaterThan(15);
      expect(new Set(seen)).toEqual(new Set([...old, "2 of 1000"]));
      expect((await readdir(folder)).filter((name) => name.startsWith("."))).toEqual([]);
    },
  );

  test("a full disk is reported for the file that met it; the earlier version stays and nothing is left over", async () => {
    const path = join(folder, "model");
    await writeFolderAtomic(path, version(1));
    let writes = 0;
    disk.before = (operation) => {
      if (operation === "write" && ++writes === 3)
        throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC", syscall: "write" });
    };
    await expect(writeFolderAtomic(path, version(2))).rejects.toThrow(
      new RegExp(`ERR_DISK_FULL: .*1000 bytes could not be written: ENOSPC \\(${join(path, "b.bin")}\\)`),
    );
    expect(await versions(path)).toEqual(["1 of 1000"]);
    expect((await readdir(path)).sort()).toEqual(Object.keys(version(1)));
  });

  test("a folder in a file's place stops the move, not the commit, and says what to do", async () => {
    const path = join(folder, "model");
    await mkdir(join(path, "c.txt"), { recursive: true });
    await expect(writeFolderAtomic(path, version(1))).rejects.toThrow(
      /ERR_WRITE_UNFINISHED.*remove what is in their way/,
    );
    await rm(join(path, "c.txt"), { recursive: true });
    expect(await versions(path)).toEqual(["1 of 1000"]);
    await writeFolderAtomic(path, version(2));
    expect((await readdir(path)).sort()).toEqual(Object.keys(version(2)));
  });

  test("a file in the folder's place, or above it, is refused with the size of the whole", async () => {
    await writeFile(join(folder, "file"), "");
    for (const path of [join(folder, "file"), join(folder, "file", "model")]) {
      await expect(writeFolderAtomic(path, version(1))).rejects.toThrow(
        /ERR_NOT_WRITABLE: .*; 1002 bytes could not be written.*is a file, not a folder/,
      );
    }
    expect(await readdir(folder)).toEqual(["file"]);
  });

  test("a single file written after a move that was cut short is the newest", async () => {
    const path = join(folder, "model");
    await writeFolderAtomic(join(path, ".commit"), version(1));
    await writeFileAtomic(join(path, "a.json"), "2");
    expect(await readFile(await currentFile(path, "a.json"), "utf8")).toBe("2");
    await writeFileAtomic(join(path, "c.txt"), "2");
    expect((await readdir(path)).sort()).toEqual(Object.keys(version(1)));
    expect(await readFile(join(path, "a.json"), "utf8")).toBe("2");
  });

  test("temporary files of other names are left alone", async () => {
    await writeFile(join(folder, ".model.safetensors.0a1b2c3d.tmp"), "");
    await writeFile(join(folder, ".model.0a1b2c3d.tmp"), "");
    await writeFolderAtomic(join(folder, "model"), version(1));
    expect((await readdir(folder)).sort()).toEqual([".model.safetensors.0a1b2c3d.tmp", "model"]);
  });
});

describe("a new folder that is filled", () => {
  const fill = async (stage: string) => {
    await mkdir(join(stage, "inner"));
    await writeFile(join(stage, "inner/b.txt"), "b");
  };

  test("is there with all that is in it, in place of an empty one too", async () => {
    for (const name of ["new", "above/new", "empty"]) {
      if (name === "empty") await mkdir(join(folder, name));
      await createFolderAtomic(join(folder, name), fill);
      expect(await readFile(join(folder, name, "inner/b.txt"), "utf8")).toBe("b");
    }
    expect((await readdir(folder)).sort()).toEqual(["above", "empty", "new"]);
  });

  test("leaves nothing where filling fails, and removes what a killed process left", async () => {
    await mkdir(join(folder, ".new.0123abcd.tmp/inner"), { recursive: true });
    const failing = createFolderAtomic(join(folder, "new"), async (stage) => {
      await fill(stage);
      throw new Error("no more");
    });
    await expect(failing).rejects.toThrow(/^no more$/);
    expect(await readdir(folder)).toEqual([]);
  });

  test("is refused in words where it cannot be", async () => {
    await writeFile(join(folder, "file"), "");
    await expect(createFolderAtomic(join(folder, "file/new"), fill)).rejects.toThrow(
      /^ERR_NOT_WRITABLE: .*a part of the path is a file/,
    );
    await mkdir(join(folder, "taken"));
    await writeFile(join(folder, "taken/a.txt"), "a");
    await expect(createFolderAtomic(join(folder, "taken"), fill)).rejects.toThrow(/^ERR_WRITE: .*taken/);
    failWith("mkdir", "EPERM");
    await expect(createFolderAtomic(join(folder, "sys"), fill)).rejects.toThrow(
      /^ERR_NOT_WRITABLE: .*EPERM.*sys/,
    );
    disk.before = () => {};
    expect((await readdir(folder)).sort()).toEqual(["file", "taken"]);
  });
});
