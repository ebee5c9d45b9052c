// The page of diagnoses: a file that is chosen, or dropped anywhere on the page, is sent as if it had been pasted.

const diagnosesForm = document.getElementById("form");
const diagnosesFile = document.getElementById("file");

async function sendDiagnosis(file) {
  if (!file) return;
  diagnosesForm.elements.report.value = await file.text();
  diagnosesForm.submit();
}

diagnosesFile.addEventListener("change", () => sendDiagnosis(diagnosesFile.files[0]));
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  sendDiagnosis(event.dataTransfer.files[0]);
});
