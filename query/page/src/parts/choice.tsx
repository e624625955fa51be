// One of a few, side by side.
import type { VNode } from 'preact';
import { useId } from 'preact/hooks';

interface ChoiceProps<T extends string> {
  label: string;
  options: readonly { value: T; label: string; spoken?: string }[];
  value: T;
  onChange: (value: T) => void;
}

/** Radio buttons that look like one control. */
export function Choice<T extends string>({ label, options, value, onChange }: ChoiceProps<T>): VNode {
  const name = useId();
  return (
    <fieldset class="choice">
      <legend class="hidden">{label}</legend>
      {options.map((option) => (
        <label key={option.value}>
          <input
            type="radio"
            name={name}
            checked={option.value === value}
            aria-label={option.spoken ?? option.label}
            onChange={() => onChange(option.value)}
          />
          <span>{option.label}</span>
        </label>
      ))}
    </fieldset>
  );
}
