// For any program around a host: its memory
export { keepMemorySmall, type MemoryKeeper } from "./keep-memory-small.ts";
