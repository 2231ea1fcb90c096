/** The comma-separated whole numbers of an option. Throws an error that names the accepted range. */
export function wholeNumbers(option: string, text: string, max: number): number[] {
  const numbers = text.split(',').map(Number);
  if (numbers.every((value) => Number.isInteger(value) && value >= 1 && value <= max)) return numbers;
  throw new Error(`--${option} must be whole numbers from 1 to ${max}, not "${text}".`);
}
