/** The README.md of a hand-off folder: what to copy where, which command to run, how the result comes back. */
import type { PretrainRun } from "../pretrain/index.ts";
import { elementCount } from "../base/shape.ts";
import type { Recipe } from "./recipe.ts";

export function torchReadme({ engine, corpus, options }: PretrainRun, recipe: Recipe): string {
  const { startStep, totalSteps } = recipe.plan;
  const weights = engine.parameters.reduce((total, { spec }) => total + elementCount(spec.shape), 0);
  const { documents, tokens } = corpus.counts;
  return `# A pre-training run of attune, to go on in PyTorch

${number(weights)} weights, ${number(documents)} documents of ${number(tokens)} tokens; ${number(startStep)} of ${number(totalSteps)} steps are done. Recipe ${recipe.id.slice(0, 12)}, written by attune ${recipe.attune}.

1. Copy this whole folder to the machine that is to train. It needs Python 3.8 and PyTorch 1.13, or later versions of them, and no other package.

       rsync -a ./ MACHINE:pretraining/

2. Run it there, on one GPU (or a CPU), or on all GPUs of the machine:

       python pretrain.py
       torchrun --nproc_per_node=8 pretrain.py

   It prints a line every few seconds, with tokens a second and the time that is left, and keeps the figures of each step in log.jsonl. Killed or stopped with Ctrl-C, it goes on from its last checkpoint when the command is given again, also with another number of GPUs. \`python pretrain.py --help\` shows the options: precision, memory, time slots.

3. Copy the folder back, at least recipe.json, vocab.txt, tokenizer.json, corpus/ and checkpoints/, and bring the result home:

       attune import FOLDER

   Finished, it becomes the model folder ${options.out}. Unfinished, it becomes the run in that folder, which \`attune pretrain ... --resume\` goes on with.

Out of memory: \`--batch-tokens 4096\`, which does not change the result. "Bus error" in a container: \`--workers 0\`, or more shared memory for the container. Several machines: torchrun's \`--nnodes\` and \`--rdzv_endpoint\`, with this folder on a disk that all of them see.

## 中文

把整个文件夹复制到训练用的机器（需要 Python 3.8 和 PyTorch 1.13 或更新的版本，不需要其他软件包），在那里运行 \`python pretrain.py\`（单卡或 CPU）或 \`torchrun --nproc_per_node=8 pretrain.py\`（多卡）。中断之后用同一条命令即可从最近的检查点继续。训练结束或中途都可以把文件夹复制回来，运行 \`attune import 文件夹\`：已完成的得到模型文件夹 ${options.out}，未完成的可以用 \`attune pretrain ... --resume\` 接着训练。显存不足时加 \`--batch-tokens 4096\`，结果不变。
`;
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}
