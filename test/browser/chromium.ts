/**
 * Chromium without a window: Debian's, or the one that ATTUNE_CHROMIUM names. Nothing is fetched from anywhere else.
 */
import { existsSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { chromium } from "playwright-core";
import type { TestContext } from "vitest";
import { requireOrSkip } from "../shared-data.ts";

const executablePath = process.env.ATTUNE_CHROMIUM ?? "/usr/bin/chromium";

/** A page, and every address that it has asked for. */
export interface Tab {
  readonly page: Page;
  readonly requests: readonly string[];
}

/** Skips the running test where there is no Chromium. */
export function requireChromium(context: TestContext): void {
  requireOrSkip(context, `Chromium (${executablePath})`, existsSync(executablePath));
}

/** A browser for tests: no sandbox, which containers do not allow, and no calls home. */
export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
    ],
  });
}

/** A fresh page at an address. */
export async function open(browser: Browser, address: string): Promise<Tab> {
  const page = await browser.newPage();
  const requests: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(address);
  return { page, requests };
}
